//! fork(2) into another process id namespace, in which the child has its parent too.
//!
//! setns(2) puts the next child of a process into a namespace, but that child's parent stays outside. So the child forks once
//! more, and ends. Such a process in between would cost a copy of the page tables of a large zygote, which takes milliseconds,
//! so it shares the zygote's memory, as the child of vfork(2) does. Two of them are needed: the first calls setns, which the
//! zygote could not undo without privileges, and the second is in the namespace.

#![allow(unsafe_code, reason = "a child that shares its parent's memory and stack cannot be made in Rust")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Returns zero in the child; else the process id of the caller's child, a helper that ends with code zero if the fork worked,
/// and with an errno if not. The calling process must have one thread, and must wait for the helper. When that was killed, or ends
/// with EINTR because the other one was, libc's locks may be held for ever in the memory that they share: the caller must end.
pub(crate) fn fork_into(namespace: impl AsFd) -> io::Result<i32> {
    // SAFETY: the function keeps the C calling convention in the two processes that return from it, the caller and the child.
    // The helpers never return. They run while the caller is suspended, and write only below its stack pointer, besides what
    // libc's fork writes and takes back: its locks, and errno. Fork's demand is that the child of a process with several
    // threads calls only async-signal-safe functions; callers have one thread.
    match unsafe { sandcastle_fork_into(namespace.as_fd().as_raw_fd()) } {
        pid if pid < 0 => Err(io::Error::from_raw_os_error(pid.wrapping_neg())),
        pid => Ok(pid),
    }
}

unsafe extern "C" {
    fn sandcastle_fork_into(namespace: i32) -> i32;
}

// Comments name the process that goes on from there. `flags` of clone(2): CLONE_VFORK | CLONE_VM | SIGCHLD. What is needed later
// is in registers that calls keep, and nothing is popped before the caller or the child goes on.
const FLAGS: i32 = libc::CLONE_VFORK | libc::CLONE_VM | libc::SIGCHLD;

#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".global sandcastle_fork_into",
    ".hidden sandcastle_fork_into",
    ".type sandcastle_fork_into, @function",
    "sandcastle_fork_into:",
    "push rbx",
    "sub rsp, 16", // aligned for a call; the status of wait4 goes here
    "mov ebx, edi",
    "mov eax, {clone}",
    "mov edi, {flags}",
    "xor esi, esi",
    "xor edx, edx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "syscall",
    "test rax, rax",
    "jnz 6f", // the caller, or an error
    // The first helper.
    "mov eax, {setns}",
    "mov edi, ebx",
    "mov esi, {newpid}",
    "syscall",
    "test rax, rax",
    "js 4f",
    "mov eax, {clone}",
    "mov edi, {flags}",
    "xor esi, esi",
    "xor edx, edx",
    "xor r10d, r10d",
    "xor r8d, r8d",
    "syscall",
    "test rax, rax",
    "js 4f",
    "jnz 2f",
    // The second helper.
    "call {fork}",
    "test eax, eax",
    "jz 6f", // the child
    "js 3f",
    "xor edi, edi",
    "jmp 5f",
    // The first helper again.
    "2:",
    "mov edi, eax",
    "mov rsi, rsp",
    "xor edx, edx",
    "xor r10d, r10d",
    "mov eax, {wait4}",
    "syscall",
    "xor edi, edi",
    "mov eax, dword ptr [rsp]",
    "test eax, eax",
    "je 5f",
    "mov edi, {eintr}", // killed, if the low bits have a signal
    "test eax, 0x7f",
    "jnz 5f",
    // Either helper.
    "3:",
    "mov eax, -{eagain}",
    "4:",
    "mov edi, eax",
    "neg edi",
    "5:",
    "mov eax, {exit_group}",
    "syscall",
    "ud2",
    // The caller, or the child.
    "6:",
    "add rsp, 16",
    "pop rbx",
    "ret",
    ".size sandcastle_fork_into, . - sandcastle_fork_into",
    flags = const FLAGS,
    newpid = const libc::CLONE_NEWPID,
    eagain = const libc::EAGAIN,
    eintr = const libc::EINTR,
    clone = const libc::SYS_clone,
    setns = const libc::SYS_setns,
    wait4 = const libc::SYS_wait4,
    exit_group = const libc::SYS_exit_group,
    fork = sym libc::fork,
);

#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    ".global sandcastle_fork_into",
    ".hidden sandcastle_fork_into",
    ".type sandcastle_fork_into, @function",
    "sandcastle_fork_into:",
    "stp x29, x30, [sp, #-32]!",
    "str x19, [sp, #16]", // the status of wait4 goes beside it
    "mov x29, sp",
    "mov w19, w0",
    "mov x0, {flags}",
    "mov x1, xzr",
    "mov x2, xzr",
    "mov x3, xzr",
    "mov x4, xzr",
    "mov x8, {clone}",
    "svc #0",
    "cbnz x0, 6f", // the caller, or an error
    // The first helper.
    "mov w0, w19",
    "mov w1, {newpid}",
    "mov x8, {setns}",
    "svc #0",
    "tbnz x0, #63, 4f",
    "mov x0, {flags}",
    "mov x1, xzr",
    "mov x2, xzr",
    "mov x3, xzr",
    "mov x4, xzr",
    "mov x8, {clone}",
    "svc #0",
    "tbnz x0, #63, 4f",
    "cbnz x0, 2f",
    // The second helper.
    "bl {fork}",
    "cbz w0, 6f", // the child
    "tbnz w0, #31, 3f",
    "mov w0, wzr",
    "b 5f",
    // The first helper again.
    "2:",
    "add x1, sp, #24",
    "mov x2, xzr",
    "mov x3, xzr",
    "mov x8, {wait4}",
    "svc #0",
    "ldr w1, [sp, #24]",
    "mov w0, wzr",
    "cbz w1, 5f",
    "mov w0, {eintr}", // killed, if the low bits have a signal
    "tst w1, #0x7f",
    "b.ne 5f",
    // Either helper.
    "3:",
    "mov w0, -{eagain}",
    "4:",
    "neg w0, w0",
    "5:",
    "mov x8, {exit_group}",
    "svc #0",
    "brk #1",
    // The caller, or the child.
    "6:",
    "ldr x19, [sp, #16]",
    "ldp x29, x30, [sp], #32",
    "ret",
    ".size sandcastle_fork_into, . - sandcastle_fork_into",
    flags = const FLAGS,
    newpid = const libc::CLONE_NEWPID,
    eagain = const libc::EAGAIN,
    eintr = const libc::EINTR,
    clone = const libc::SYS_clone,
    setns = const libc::SYS_setns,
    wait4 = const libc::SYS_wait4,
    exit_group = const libc::SYS_exit_group,
    fork = sym libc::fork,
);
