//! System calls that no library wraps safely, each with the argument why the call is sound.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use rustix::thread::UnshareFlags;

/// The result of a call that returns -1 and sets errno when it fails.
fn check(returned: libc::c_long) -> io::Result<()> {
    if returned == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// fork(2), including the handlers of pthread_atfork(3). Returns zero in the child.
#[allow(unsafe_code, reason = "fork has no safe wrapper")]
pub(crate) fn fork() -> io::Result<i32> {
    // SAFETY: fork takes no pointers. Its one demand is that the child of a process with several threads calls
    // only async-signal-safe functions; callers have one thread, see `Jail::fork`.
    let pid = unsafe { libc::fork() };
    check(pid.into()).map(|()| pid)
}

/// fork(2) into a new process id namespace, whose process 1 the child is. The child's parent is the caller's parent. Runs no
/// handlers of pthread_atfork(3).
#[allow(unsafe_code, reason = "clone has no safe wrapper")]
pub(crate) fn fork_into_new_pid_namespace() -> io::Result<libc::c_long> {
    let flags = libc::CLONE_NEWPID | libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: without CLONE_VM and a stack, clone is fork, and takes no pointers. The caller has one thread; its libc takes
    // itself for the caller's process in the child, which only waits, and raises no signals.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    check(pid).map(|()| pid)
}

/// The set of signals that has SIGCHLD only.
#[allow(unsafe_code, reason = "signal sets have no safe wrapper")]
fn child_signal() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before it is changed and read; neither call fails for a valid signal.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        set.assume_init()
    }
}

/// Blocks SIGCHLD, so that it can be awaited.
#[allow(unsafe_code, reason = "sigprocmask has no safe wrapper")]
pub(crate) fn block_child_signal() -> io::Result<()> {
    let set = child_signal();
    // SAFETY: `set` is an initialised signal set that the call only reads; the old mask is not requested.
    check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) }.into())
}

/// Waits for SIGCHLD, which must be blocked.
#[allow(unsafe_code, reason = "sigwait has no safe wrapper")]
pub(crate) fn await_child_signal() {
    let (set, mut signal) = (child_signal(), 0);
    // SAFETY: `set` is an initialised signal set that the call only reads, and `signal` is where it writes one number.
    unsafe { libc::sigwait(&raw const set, &raw mut signal) };
}

/// _exit(2): ends this process without running exit handlers, which belong to the process that it was forked from.
#[allow(unsafe_code, reason = "_exit has no safe wrapper")]
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes no pointers, never returns, and runs no code of this program.
    unsafe { libc::_exit(code) }
}

/// unshare(2) of namespaces.
#[allow(unsafe_code, reason = "unshare can split descriptor tables; this wrapper cannot")]
pub(crate) fn unshare(namespaces: UnshareFlags) -> io::Result<()> {
    // SAFETY: the demand is that no thread is left with another descriptor table than the others; FILES, the only
    // flag that does so, is removed.
    Ok(unsafe { rustix::thread::unshare_unsafe(namespaces.difference(UnshareFlags::FILES)) }?)
}

/// close_range(2): closes every descriptor from `first` to `last`, both included.
#[allow(unsafe_code, reason = "close_range has no wrapper in rustix, and closes descriptors under their owners")]
pub(crate) fn close_range(first: RawFd, last: u32) -> io::Result<()> {
    // SAFETY: the call takes no pointers. Owners of the closed descriptors keep numbers that may later refer to other
    // files; `confine_self` demands that its caller uses and drops none of them in the child.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })
}

/// mount_setattr(2) on the mount of descriptor `tree`: adds `attributes` (`MOUNT_ATTR_*`).
#[allow(unsafe_code, reason = "mount_setattr has no wrapper in rustix")]
pub(crate) fn mount_setattr(tree: impl AsFd, recursive: bool, attributes: u64) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let attr = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path is a C string of static lifetime; `attr` is a live, initialised mount_attr whose own size is
    // passed; Linux reads both during the call only. `tree` is open until it returns.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    })
}
