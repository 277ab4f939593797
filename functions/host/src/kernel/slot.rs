//! The folder and the user id of one kernel: `files/` is the sandbox's working folder, `tmp/` its other place to write.

use std::{
    collections::HashSet,
    fs::{self, DirBuilder},
    io,
    ops::Range,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat},
    io::Errno,
};

use tokio::sync::RwLock;

use super::user_ids;
use crate::folder::modes::chmod_seen;

/// Gives out folders and user ids.
pub(crate) struct Slots {
    kernels: PathBuf,
    uids: Range<u32>,
    given: Mutex<u64>,
    used: Arc<Mutex<HashSet<u32>>>,
}

/// A kernel's folder, removed from the disk with its last user.
pub(crate) struct Slot {
    /// Its number, never used twice by one host.
    pub(crate) number: u64,
    /// The user and group id of its kernel, when the host is root; no other slot has it as long as this one is there.
    pub(crate) uid: u32,
    /// Held for reading by whoever writes to the folder, and for writing by whoever must know that nobody does.
    pub(crate) writing: Arc<RwLock<()>>,
    path: PathBuf,
    used: Arc<Mutex<HashSet<u32>>>,
}

impl Slots {
    /// Slots below this folder, with user ids from this one on where they exist.
    pub(crate) fn new(kernels: PathBuf, first_uid: u32) -> Self {
        // Servers on one machine have the same user ids to give. Linux's limit on processes counts by user id, so that two kernels
        // with the same one would share it: beginning anywhere makes that unlikely.
        let given = Mutex::new(u64::from(rand::random::<u32>()));
        let uids = user_ids::from(first_uid, is_root());
        Self { kernels, uids, given, used: Arc::default() }
    }

    /// Makes a folder, owned by the kernel's user when the host is root.
    pub(crate) fn create(&self) -> io::Result<Slot> {
        let (number, uid) = self.number_and_uid().ok_or_else(|| io::Error::other(self.no_uid()))?;
        let (path, used) = (self.kernels.join(number.to_string()), Arc::clone(&self.used));
        let slot = Slot { number, uid, writing: Arc::default(), path, used };
        for folder in [&slot.path, &slot.files(), &slot.temporary()] {
            DirBuilder::new().mode(0o700).create(folder)?;
            if is_root() {
                std::os::unix::fs::chown(folder, Some(uid), Some(uid))?;
            }
        }
        Ok(slot)
    }

    fn no_uid(&self) -> &'static str {
        if self.uids.is_empty() {
            "this user namespace has no user ids for kernels: run the server outside of it, or as an ordinary user"
        } else {
            "no user id is free"
        }
    }

    fn number_and_uid(&self) -> Option<(u64, u32)> {
        let mut given = self.given.lock();
        let mut used = self.used.lock();
        let count = u64::try_from(self.uids.len()).ok().filter(|count| *count > 0)?;
        for _ in 0..count {
            *given += 1;
            let uid = self.uids.start.checked_add(u32::try_from(*given % count).ok()?)?;
            if used.insert(uid) {
                return Some((*given, uid));
            }
        }
        None
    }
}

impl Slot {
    /// The sandbox's working folder.
    pub(crate) fn files(&self) -> PathBuf {
        self.path.join("files")
    }

    /// The sandbox's folder for temporary files.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// The slot's own folder, which its kernel does not see.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Who shall own what the host puts there; nobody else when the host is not root.
    pub(crate) fn owner(&self) -> Option<u32> {
        is_root().then_some(self.uid)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Err(error) = remove_tree(&self.path) {
            tracing::warn!(slot = self.number, %error, "a kernel's folder is left behind");
        }
        self.used.lock().remove(&self.uid);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Removes a folder and all below it; nothing there is no error.
///
/// The tree is hostile: it may be deeper than any stack, number of descriptors or path length. So each folder found is
/// moved up into one place first and emptied there. Links are removed, never followed.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    let top = match open_folder(CWD, path) {
        Ok(top) => top,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let emptied = format!(".removing-{:016x}", rand::random::<u64>());
    mkdirat(&top, &emptied, Mode::RWXU)?;
    let emptied_fd = open_folder(&top, Path::new(&emptied))?;
    let mut count = 0u64;
    empty(&top, &emptied_fd, &mut count, Some(&emptied))?;
    let mut next = 0u64;
    while next < count {
        let name = next.to_string();
        let folder = open_folder(&emptied_fd, Path::new(&name))?;
        empty(&folder, &emptied_fd, &mut count, None)?;
        unlinkat(&emptied_fd, &name, AtFlags::REMOVEDIR)?;
        next += 1;
    }
    unlinkat(&top, &emptied, AtFlags::REMOVEDIR)?;
    fs::remove_dir(path)
}

/// Unlinks everything in `folder`, but moves folders to `emptied`, numbered on from `count`.
fn empty(folder: &OwnedFd, emptied: &OwnedFd, count: &mut u64, spare: Option<&str>) -> rustix::io::Result<()> {
    let mut entries = Dir::read_from(folder)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") || spare.is_some_and(|spare| spare.as_bytes() == name.to_bytes()) {
            continue;
        }
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            unlinkat(folder, name, AtFlags::empty())?;
            continue;
        }
        // Moving a folder writes its `..`, which its mode may forbid to all but root.
        chmod_seen(folder, name, &stat, Mode::RWXU)?;
        renameat(folder, name, emptied, count.to_string())?;
        *count += 1;
    }
    Ok(())
}

fn open_folder(at: impl std::os::fd::AsFd, path: &Path) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, path, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn trees_deeper_than_any_path_are_removed_and_links_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("keep"), "x").unwrap();
        let root = tempfile::tempdir().unwrap();
        let top = root.path().join("top");
        fs::create_dir(&top).unwrap();
        symlink(outside.path(), top.join("link")).unwrap();
        let mut folder = open_folder(CWD, &top).unwrap();
        for _ in 0..3000 {
            mkdirat(&folder, "d", Mode::RWXU).unwrap();
            folder = open_folder(&folder, Path::new("d")).unwrap();
        }
        fs::create_dir(top.join("locked")).unwrap();
        fs::write(top.join("locked/file"), "x").unwrap();
        fs::set_permissions(top.join("locked"), fs::Permissions::from_mode(0o0)).unwrap();
        remove_tree(&top).unwrap();
        assert!(!top.exists());
        assert!(outside.path().join("keep").exists());
        remove_tree(&top).unwrap();
    }
}
