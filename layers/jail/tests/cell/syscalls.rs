//! System calls, made directly and without a library in between.

use std::io::Error;

use crate::Outcome;
use crate::fixture::{Fixture, ensure};

/// The errno of a call made with these numbers; 0 when it succeeds.
#[allow(unsafe_code, reason = "no library makes these calls")]
fn errno(number: i64, arguments: [i64; 4]) -> i32 {
    let [a, b, c, d] = arguments;
    // SAFETY: every caller passes flags, descriptors and null pointers only, so Linux writes to no memory.
    if unsafe { libc::syscall(number, a, b, c, d) } == -1 {
        Error::last_os_error().raw_os_error().unwrap_or(-1)
    } else {
        0
    }
}

const NONE: [i64; 4] = [0; 4];
const ASK: i64 = 0xffff_ffff;
const F_SETSIG: i64 = 10;

pub(crate) fn dangerous_calls_are_refused(_: &Fixture) -> Outcome {
    let calls: &[(&str, i64, [i64; 4])] = &[
        ("ptrace", libc::SYS_ptrace, NONE),
        ("process_vm_readv", libc::SYS_process_vm_readv, [1, 0, 0, 0]),
        ("process_vm_writev", libc::SYS_process_vm_writev, [1, 0, 0, 0]),
        ("pidfd_getfd", libc::SYS_pidfd_getfd, [-1, 0, 0, 0]),
        ("mount", libc::SYS_mount, NONE),
        ("umount2", libc::SYS_umount2, NONE),
        ("pivot_root", libc::SYS_pivot_root, NONE),
        ("chroot", libc::SYS_chroot, NONE),
        ("open_tree", libc::SYS_open_tree, NONE),
        ("move_mount", libc::SYS_move_mount, NONE),
        ("fsopen", libc::SYS_fsopen, NONE),
        ("mount_setattr", libc::SYS_mount_setattr, NONE),
        ("unshare", libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0]),
        ("setns", libc::SYS_setns, NONE),
        ("clone of a user namespace", libc::SYS_clone, [i64::from(libc::CLONE_NEWUSER | libc::SIGCHLD), 0, 0, 0]),
        ("clone of a mount namespace", libc::SYS_clone, [i64::from(libc::CLONE_NEWNS | libc::SIGCHLD), 0, 0, 0]),
        // These could continue a stopped kernel.
        ("clone with SIGCONT at its end", libc::SYS_clone, [libc::SIGCONT.into(), 0, 0, 0]),
        ("clone with a real-time signal at its end", libc::SYS_clone, [40, 0, 0, 0]),
        ("clone of a sibling", libc::SYS_clone, [i64::from(libc::CLONE_PARENT | libc::SIGCHLD), 0, 0, 0]),
        ("fcntl F_SETSIG", libc::SYS_fcntl, [0, F_SETSIG, libc::SIGCONT.into(), 0]),
        ("fcntl F_SETSIG with higher bits", libc::SYS_fcntl, [0, 0x1_0000_0000 + F_SETSIG, libc::SIGCONT.into(), 0]),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, NONE),
        ("name_to_handle_at", libc::SYS_name_to_handle_at, NONE),
        ("keyctl", libc::SYS_keyctl, NONE),
        ("add_key", libc::SYS_add_key, NONE),
        ("request_key", libc::SYS_request_key, NONE),
        ("bpf", libc::SYS_bpf, NONE),
        ("perf_event_open", libc::SYS_perf_event_open, NONE),
        ("userfaultfd", libc::SYS_userfaultfd, NONE),
        ("reboot", libc::SYS_reboot, NONE),
        ("kexec_load", libc::SYS_kexec_load, NONE),
        ("init_module", libc::SYS_init_module, NONE),
        ("swapon", libc::SYS_swapon, NONE),
        ("quotactl", libc::SYS_quotactl, NONE),
        ("settimeofday", libc::SYS_settimeofday, NONE),
        ("clock_settime", libc::SYS_clock_settime, NONE),
        ("acct", libc::SYS_acct, NONE),
        ("syslog", libc::SYS_syslog, NONE),
        ("sethostname", libc::SYS_sethostname, NONE),
        ("ioctl TIOCSTI", libc::SYS_ioctl, [0, 0x5412, 0, 0]),
        // Linux reads the request as 32 bits: higher bits must not hide it from the filter.
        ("ioctl TIOCSTI with higher bits", libc::SYS_ioctl, [0, 0x1_0000_5412, 0, 0]),
        ("socket with higher bits", libc::SYS_socket, [0x1_0000_0002, 1, 0, 0]),
        ("personality without address randomisation", libc::SYS_personality, [0x004_0000, 0, 0, 0]),
        ("prlimit64 of core dumps", libc::SYS_prlimit64, [0, 4, 0, 0]),
        ("setrlimit of core dumps", libc::SYS_setrlimit, [4, 0, 0, 0]),
        ("fadvise64 that drops a file from memory", libc::SYS_fadvise64, [0, 0, 0, 4]),
        ("prctl to outlive the zygote", libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), 0, 0, 0]),
    ];
    for (name, number, arguments) in calls {
        let found = errno(*number, *arguments);
        ensure(found == libc::EPERM, format!("{name}: errno {found}"))?;
    }
    Ok(())
}

pub(crate) fn unlisted_calls_fail_as_unknown(_: &Fixture) -> Outcome {
    let calls: &[(&str, i64)] = &[
        ("clone3", libc::SYS_clone3),
        ("io_uring_setup", libc::SYS_io_uring_setup),
        ("memfd_create", libc::SYS_memfd_create),
        ("seccomp", libc::SYS_seccomp),
        ("shmget", libc::SYS_shmget),
        ("timer_create", libc::SYS_timer_create),
        ("a call that no Linux has yet", 4_000),
        // The x32 calls of x86-64 have the same numbers with one more bit.
        ("x32 ptrace", 0x4000_0000 + 521),
        ("x32 getpid", 0x4000_0000 + 39),
    ];
    for (name, number) in calls {
        let found = errno(*number, NONE);
        ensure(found == libc::ENOSYS, format!("{name}: errno {found}"))?;
    }
    Ok(())
}

pub(crate) fn harmless_calls_work(_: &Fixture) -> Outcome {
    ensure(errno(libc::SYS_personality, [ASK, 0, 0, 0]) == 0, "personality cannot be asked")?;
    ensure(errno(libc::SYS_getpid, NONE) == 0 && errno(libc::SYS_sched_yield, NONE) == 0, "ordinary calls fail")?;
    ensure(errno(libc::SYS_fcntl, [1, libc::F_GETFD.into(), 0, 0]) == 0, "fcntl fails")?;
    ensure(std::process::Command::new("true").status()?.success(), "processes cannot be started")?;
    let sum = std::thread::spawn(|| 1 + 1).join().map_err(|_| "a thread panicked")?;
    ensure(sum == 2, "threads do not work")
}

/// 32-bit calls have other numbers: 26 is ptrace there and msync on x86-64.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "fork and a software interrupt have no safe wrappers")]
pub(crate) fn foreign_calls_end_the_process(_: &Fixture) -> Outcome {
    // SAFETY: one thread; the child makes two calls and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: the interrupt either ends this process or sets eax to an error; rbx, which the compiler reserves, is
        // not touched, and 20 (getpid) takes no arguments. _exit does not return.
        unsafe {
            core::arch::asm!("int 0x80", inout("eax") 20 => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
            libc::_exit(0);
        }
    }
    let pid = rustix::process::Pid::from_raw(child).ok_or("no pid")?;
    let ended = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty())?;
    let signal = ended.and_then(|(_, status)| status.terminating_signal());
    ensure(signal == Some(libc::SIGSYS), format!("{signal:?}"))
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn foreign_calls_end_the_process(_: &Fixture) -> Outcome {
    Ok(())
}
