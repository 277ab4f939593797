//! Keeps a host's memory and environment from other processes of its user, which kernels may be.
//!
//! Linux lets nobody look into a process that is not dumpable. prctl(2) makes it so. Where that is refused, as on Lambda, a program does
//! that nobody may read (execve(2), proc_pid_environ(5)).

use std::{
    env, fs, io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior},
};

/// Where Linux says that the program of a process is a file in memory (memfd_create(2)).
const IN_MEMORY: &str = "/memfd:";
/// It may be run, and not read.
const ONLY_RUN: u32 = 0o111;

/// Hides this process; where prctl(2) is refused, by running its program again from a file in memory. Call it first: then nothing is
/// lost. The new process finds the program's path with [`program`].
///
/// # Errors
/// When neither is possible.
pub fn hide() -> io::Result<()> {
    if by_prctl() {
        return Ok(());
    }
    if is_in_memory()? {
        return Err(io::Error::other("this user may read every file"));
    }
    let file = fs::File::from(memfd_create("program", MemfdFlags::CLOEXEC)?);
    io::copy(&mut fs::File::open("/proc/self/exe")?, &mut &file)?;
    file.set_permissions(fs::Permissions::from_mode(ONLY_RUN))?;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    Err(Command::new(path).arg0(env::current_exe()?).args(env::args_os().skip(1)).exec())
}

/// Hides this process by prctl(2) alone, if it is not hidden already. False when other processes of this user can look into it.
pub(crate) fn by_prctl() -> bool {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    dumpable_behavior().is_ok_and(|how| how != DumpableBehavior::Dumpable)
}

/// The path of this program, also after [`hide`].
///
/// # Errors
/// When Linux does not tell it.
pub fn program() -> io::Result<PathBuf> {
    if is_in_memory()? {
        return env::args_os().next().map(PathBuf::from).ok_or_else(|| io::Error::other("the program has no name"));
    }
    env::current_exe()
}

fn is_in_memory() -> io::Result<bool> {
    Ok(fs::read_link(Path::new("/proc/self/exe"))?.to_string_lossy().starts_with(IN_MEMORY))
}
