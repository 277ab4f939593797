//! The working folder of a sandbox: restoring it from what is stored, and storing what a job left in it.
//!
//! The kernel's code made this folder what it is. Nothing here follows a link, and every path is walked part by part.

mod contents;
mod harvest;
mod mime;
pub(crate) mod modes;
mod restore;
mod upload;
mod walk;

use std::{
    collections::{HashMap, HashSet},
    os::fd::OwnedFd,
    path::Path,
    sync::Arc,
    time::SystemTime,
};

use rustix::{
    fs::{CWD, Mode, OFlags, Stat, chmod, openat},
    io::Errno,
};
use sandcastle::{ContentHash, SandboxId, WorkingPath, manifest::Epoch, store::ObjectStore};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub(crate) use harvest::Before;
pub(crate) use restore::{FolderError, restore};
pub(crate) use upload::{Harvested, harvest_and_store};

/// Times of files are as coarse as the system's tick: one that changed so shortly before it was looked at, in
/// nanoseconds, may have changed again without another time.
const RACY_NS: i128 = 50_000_000;
/// Up to so many bytes a file is small, or of middle size.
const SMALL: u64 = 1 << 20;
const MIDDLE: u64 = 32 << 20;

/// The bucket as one job may use it, and the sandbox whose part of it is meant.
#[derive(Clone)]
pub(crate) struct Storage {
    /// The bucket.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The sandbox.
    pub(crate) sandbox: SandboxId,
    /// Its present life.
    pub(crate) epoch: Epoch,
    /// Bounds what is held in memory, for the whole host.
    pub(crate) memory: Memory,
    /// The most bytes of variables that are brought here for one job: the disk of a sandbox.
    pub(crate) most: u64,
}

/// What a host holds of file contents in memory at most. Small ones never wait for large ones, which are others' as a rule.
#[derive(Clone)]
pub(crate) struct Memory {
    small: Share,
    middle: Share,
    large: Share,
}

#[derive(Clone)]
struct Share {
    kib: u32,
    left: Arc<Semaphore>,
}

impl Share {
    fn new(mib: u32) -> Self {
        let kib = mib * 1024;
        Self { kib, left: Arc::new(Semaphore::new(kib as usize)) }
    }
}

impl Memory {
    /// A host's budget.
    pub(crate) fn new() -> Self {
        Self { small: Share::new(32), middle: Share::new(96), large: Share::new(128) }
    }

    /// Waits until a file of this size may be held; one that is larger than its share is held alone.
    pub(crate) async fn hold(&self, size: u64) -> Result<OwnedSemaphorePermit, AcquireError> {
        let share = match size {
            _ if size <= SMALL => &self.small,
            _ if size <= MIDDLE => &self.middle,
            _ => &self.large,
        };
        let kib = u32::try_from(size / 1024 + 1).unwrap_or(share.kib).min(share.kib);
        Arc::clone(&share.left).acquire_many_owned(kib).await
    }
}

/// What a folder held when it was last looked at, as far as it is stored.
#[derive(Default)]
pub(crate) struct Snapshot {
    files: HashMap<WorkingPath, Seen>,
    /// What was left out and has been said, with inode and change time.
    left_out: HashSet<(String, u64, i128)>,
    /// When it was taken, in nanoseconds of Unix time.
    taken: i128,
}

/// A file as it was.
#[derive(Clone, Copy, Debug)]
struct Seen {
    size: u64,
    changed: i128,
    inode: u64,
    hash: ContentHash,
    /// It was mapped or open for writing: its content may have changed without a trace in its times.
    suspect: bool,
}

impl Seen {
    fn new(stat: &Stat, hash: ContentHash, suspect: bool) -> Self {
        Self { size: size(stat), changed: changed(stat), inode: stat.st_ino, hash, suspect }
    }

    /// True when a file with this status, looked at after a snapshot taken then, has certainly the same content.
    fn still_holds(&self, stat: &Stat, taken: i128) -> bool {
        let same = self.size == size(stat) && self.changed == changed(stat) && self.inode == stat.st_ino;
        same && !self.suspect && self.changed < taken - RACY_NS
    }
}

impl Snapshot {
    fn now() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { taken: i128::try_from(since.as_nanos()).unwrap_or(i128::MAX), ..Self::default() }
    }

    /// This, with what a later restore put there.
    pub(crate) fn updated(mut self, later: Self) -> Self {
        self.files.extend(later.files);
        self.taken = self.taken.max(later.taken);
        self
    }
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Status change time, in nanoseconds: unlike the modification time it cannot be set.
fn changed(stat: &Stat) -> i128 {
    i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec)
}

/// Opens a folder that is no link.
pub(crate) fn open_folder(at: impl std::os::fd::AsFd, name: impl rustix::path::Arg) -> rustix::io::Result<OwnedFd> {
    openat(at, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

/// Opens a sandbox's folder itself. Its code may have taken the right to do so from its user, who the host may be.
pub(crate) fn open_root(path: &Path) -> rustix::io::Result<OwnedFd> {
    match open_folder(CWD, path) {
        Err(Errno::ACCESS) => {
            // No link: what the folder is in belongs to the host, and kernels do not see it.
            chmod(path, Mode::RWXU)?;
            open_folder(CWD, path)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn small_files_do_not_wait_for_large_ones() {
        let memory = Memory::new();
        let _held = memory.hold(500 << 20).now_or_never().expect("one that is larger than its share");
        assert!(memory.hold(100 << 20).now_or_never().is_none(), "another one");
        for size in [0, SMALL, MIDDLE] {
            assert!(memory.hold(size).now_or_never().is_some(), "{size}");
        }
    }
}
