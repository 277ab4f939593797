//! The mounts of one kernel: its own folders and its own `/proc`, and no folder of another kernel.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::mounts::{self, NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};
use crate::paths::{EMPTY, FILES, HIDDEN, KERNELS, SHM, TMP};

/// Files in shared memory. Each takes memory of Linux's own besides its content.
const SHM_NODES: &str = "10000";

/// Mounts the slot's folders and a shared memory of `shm_bytes`, and unmounts the folder of all kernels. The mount namespace
/// must be the kernel's own.
pub(crate) fn mount(slot: &Path, readable: &[PathBuf], shm_bytes: u64) -> io::Result<()> {
    let files = mounts::clone_one(&slot.join("files"), NO_SUID | NO_DEV)?;
    let tmp = mounts::clone_one(&slot.join("tmp"), NO_SUID | NO_DEV)?;
    // The kernel's own /tmp hides readable paths below it, so those are mounted again on top of it.
    let below_tmp: Vec<&PathBuf> = readable.iter().filter(|path| path.starts_with(TMP)).collect();
    let clones = below_tmp
        .iter()
        .map(|path| mounts::clone_all(path, READ_ONLY | NO_SUID | NO_DEV))
        .collect::<io::Result<Vec<_>>>()?;
    for path in &below_tmp {
        create_mount_point(&slot.join("tmp"), path)?;
    }
    mounts::detach(Path::new(TMP))?;
    mounts::attach(files, Path::new(FILES))?;
    mounts::attach(tmp, Path::new(TMP))?;
    for (path, clone) in below_tmp.into_iter().zip(clones) {
        mounts::attach(clone, path)?;
    }
    let size = shm_bytes.to_string();
    let options = [("mode", "1777"), ("size", size.as_str()), ("nr_inodes", SHM_NODES)];
    let shm = mounts::new("tmpfs", &options, NO_SUID | NO_DEV | NO_EXEC)?;
    mounts::attach(shm, Path::new(SHM))?;
    mounts::detach(Path::new(KERNELS))
}

/// Creates, in the kernel's temporary folder, the mount point of a readable path below `/tmp`. An earlier kernel may have
/// used that folder, so a symbolic link in it is refused.
fn create_mount_point(tmp: &Path, path: &Path) -> io::Result<()> {
    let folder = path.is_dir();
    let below = path.strip_prefix(TMP).map_err(io::Error::other)?;
    let mut at = tmp.to_path_buf();
    let mut parts = below.components().filter(|part| matches!(part, Component::Normal(_))).peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let created =
            if parts.peek().is_some() || folder { fs::create_dir(&at) } else { fs::File::create_new(&at).map(drop) };
        match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        if at.symlink_metadata()?.is_symlink() {
            return Err(io::Error::other(format!("{} is a symbolic link", at.display())));
        }
    }
    Ok(())
}

/// Replaces the zygote's `/proc` by that of the kernel's process id namespace. Without such a namespace the kernel gets no
/// `/proc`.
pub(crate) fn replace_proc(own_namespace: bool) -> io::Result<()> {
    let new = if own_namespace {
        mounts::new("proc", &[], READ_ONLY | NO_SUID | NO_DEV | NO_EXEC)
    } else {
        Err(io::Error::other("it would show other processes"))
    };
    mounts::detach(Path::new("/proc"))?;
    mounts::attach(new?, Path::new("/proc"))?;
    let there = HIDDEN.iter().map(|name| Path::new("/proc").join(name)).filter(|file| file.exists());
    for file in there {
        mounts::attach(mounts::clone_one(Path::new(EMPTY), READ_ONLY | NO_SUID | NO_DEV | NO_EXEC)?, &file)?;
    }
    Ok(())
}
