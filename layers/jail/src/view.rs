//! What one kernel sees of the building: its own folder, its own processes, and nothing of its neighbours.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::mounts::{self, NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};
use crate::tree::{FILES, KERNELS, SHM, TMP};

/// Puts the slot's folders in place and takes all the others away. The mount namespace must be the kernel's own.
pub(crate) fn furnish(slot: &Path, readable: &[PathBuf], shm_bytes: u64) -> io::Result<()> {
    let files = mounts::clone_one(&slot.join("files"), NO_SUID | NO_DEV)?;
    let tmp = mounts::clone_one(&slot.join("tmp"), NO_SUID | NO_DEV)?;
    // Readable paths below /tmp would vanish behind the kernel's own.
    let hidden: Vec<&PathBuf> = readable.iter().filter(|path| path.starts_with(TMP)).collect();
    let kept = hidden
        .iter()
        .map(|path| mounts::clone_all(path, READ_ONLY | NO_SUID | NO_DEV))
        .collect::<io::Result<Vec<_>>>()?;
    for path in &hidden {
        make_place(&slot.join("tmp"), path)?;
    }
    mounts::detach(Path::new(TMP))?;
    mounts::attach(files, Path::new(FILES))?;
    mounts::attach(tmp, Path::new(TMP))?;
    for (path, view) in hidden.into_iter().zip(kept) {
        mounts::attach(view, path)?;
    }
    let size = shm_bytes.to_string();
    let shm = mounts::new("tmpfs", &[("mode", "1777"), ("size", &size)], NO_SUID | NO_DEV | NO_EXEC)?;
    mounts::attach(shm, Path::new(SHM))?;
    mounts::detach(Path::new(KERNELS))
}

/// Makes, in the kernel's temporary folder, the place where a readable path below `/tmp` is put. An earlier kernel may
/// have had that folder, so no link in it is followed.
fn make_place(tmp: &Path, path: &Path) -> io::Result<()> {
    let folder = path.is_dir();
    let below = path.strip_prefix(TMP).map_err(io::Error::other)?;
    let mut place = tmp.to_path_buf();
    let mut parts = below.components().filter(|part| matches!(part, Component::Normal(_))).peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let made = if parts.peek().is_some() || folder {
            fs::create_dir(&place)
        } else {
            fs::File::create_new(&place).map(drop)
        };
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        if place.symlink_metadata()?.is_symlink() {
            return Err(io::Error::other(format!("{} is a symbolic link", place.display())));
        }
    }
    Ok(())
}

/// Replaces `/proc`, the zygote's, by that of the kernel's process id namespace; by nothing when that cannot be had.
pub(crate) fn own_proc(own_namespace: bool) -> io::Result<()> {
    let new = if own_namespace {
        mounts::new("proc", &[], READ_ONLY | NO_SUID | NO_DEV | NO_EXEC)
    } else {
        Err(io::Error::other("it would show the processes of others"))
    };
    mounts::detach(Path::new("/proc"))?;
    mounts::attach(new?, Path::new("/proc"))
}
