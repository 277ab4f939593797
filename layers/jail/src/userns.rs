//! User namespaces (user_namespaces(7)): they give an unprivileged zygote the right to make mounts and namespaces, and take
//! that right from its kernels.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::thread::UnshareFlags;

use crate::sys;

/// A descriptor of this process's folder in `/proc`. It stays usable when `/proc` is replaced.
pub(crate) fn proc_self() -> io::Result<OwnedFd> {
    Ok(openat(CWD, "/proc/self", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// Enters a new user namespace in which the process's user and group keep their ids and no other id exists.
///
/// After an error the process may be in a namespace that does not map its ids, and then cannot create files. Use
/// [`is_available`] to find out beforehand.
pub(crate) fn enter(proc_self: impl AsFd) -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    sys::unshare(UnshareFlags::NEWUSER)?;
    // Without privileges outside, the group map may be written only once setgroups(2) is denied: user_namespaces(7).
    write_once(&proc_self, "setgroups", "deny")?;
    write_once(&proc_self, "uid_map", &format!("{uid} {uid} 1"))?;
    write_once(&proc_self, "gid_map", &format!("{gid} {gid} 1"))
}

/// Whether [`enter`] and private mounts work, tried in a child process: some systems grant the namespace and then refuse
/// the maps (AWS Lambda) or the mounts (AppArmor), and a process cannot leave the namespace again.
pub(crate) fn is_available() -> io::Result<()> {
    let child = sys::fork()?;
    if child == 0 {
        let tried = proc_self()
            .and_then(enter)
            .and_then(|()| sys::unshare(UnshareFlags::NEWNS))
            .and_then(|()| crate::mounts::make_private());
        sys::exit_now(tried.err().map_or(0, |error| error.raw_os_error().unwrap_or(libc::EIO)));
    }
    match exit_code(child)? {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Waits for a child and returns its exit code; EINTR, which is no code of a child here, when it was killed.
pub(crate) fn exit_code(child: i32) -> io::Result<i32> {
    loop {
        match rustix::process::waitpid(rustix::process::Pid::from_raw(child), rustix::process::WaitOptions::empty()) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(ended) => return Ok(ended.and_then(|(_, status)| status.exit_status()).unwrap_or(libc::EINTR)),
        }
    }
}

/// Writes one of the files that accept only one write(2) (user_namespaces(7)).
pub(crate) fn write_once(folder: impl AsFd, name: &str, value: &str) -> io::Result<()> {
    let file = openat(folder, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    let written = rustix::io::write(&file, value.as_bytes())?;
    if written == value.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
