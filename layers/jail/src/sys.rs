//! System calls that no library wraps safely, each with the argument why the call is sound.

use std::io;
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
