//! What a sandbox uses of the machine besides what each of its processes is limited to: memory of all together, and disk. Blocking.

use std::{
    collections::HashSet,
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Stat, statat, statvfs},
    process::Pid,
};

use super::{
    nameless::{descriptors, each_hidden, is_nameless},
    processes::children,
};
use crate::folder::{open_folder, open_root};

/// What the processes of one sandbox may use together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Memory, in bytes: private and shared, with `/dev/shm`.
    pub(crate) memory_bytes: u64,
    /// Disk below its working folder and its `/tmp`, in bytes.
    pub(crate) disk_bytes: u64,
    /// Files, folders and links there.
    pub(crate) disk_nodes: u64,
}

/// What a sandbox has more of than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Memory.
    Memory,
    /// Disk.
    Disk,
    /// Files.
    Nodes,
    /// Sessions of processes that each have a share of the processors.
    Sessions,
}

/// Processes below others, with their parents.
pub(crate) fn descendants(roots: &[Pid]) -> Vec<(Pid, Pid)> {
    let mut found = Vec::new();
    let mut waiting = roots.to_vec();
    while let Some(parent) = waiting.pop() {
        for child in children(parent).unwrap_or_default() {
            if !roots.contains(&child) && found.iter().all(|(_, known)| *known != child) {
                found.push((parent, child));
                waiting.push(child);
            }
        }
    }
    found
}

/// What processes hold, in bytes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Held {
    private: u64,
    shared: u64,
}

impl Held {
    /// Together with another process, and with the files in their `/dev/shm`, which may be shared memory of theirs.
    pub(crate) fn total(held: &[Self], shm: u64) -> u64 {
        let sum = |part: fn(&Self) -> u64| held.iter().map(part).fold(0, u64::saturating_add);
        sum(|held| held.private).saturating_add(sum(|held| held.shared).max(shm))
    }

    /// Of one process.
    pub(crate) fn alone(self) -> u64 {
        self.private.saturating_add(self.shared)
    }

    /// What proc(5) tells at once; pages that processes share count for each. Page tables count: reserved address space that is
    /// only read takes no page, but its tables.
    pub(crate) fn quickly(process: Pid) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let sum = |names: &[&str]| names.iter().map(|name| kib(&status, name)).fold(0, u64::saturating_add);
        Self { private: sum(&["RssAnon:", "VmSwap:", "VmPTE:"]), shared: sum(&["RssShmem:"]) }
    }

    /// The same with shared pages divided among those who share them, which takes a look at every page. `None` where the host may not
    /// look: at kernels of its own user id.
    pub(crate) fn exactly(process: Pid) -> Option<Self> {
        let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let private = [kib(&rollup, "Pss_Anon:"), kib(&rollup, "SwapPss:"), kib(&status, "VmPTE:")];
        Some(Self { private: private.into_iter().fold(0, u64::saturating_add), shared: kib(&rollup, "Pss_Shmem:") })
    }
}

fn kib(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok());
    value.unwrap_or(0).saturating_mul(1024)
}

/// How much of the file system that this folder is on should be free, in bytes, when there is less.
pub(crate) fn nearly_full(folder: &Path) -> Option<u64> {
    let system = statvfs(folder).ok()?;
    let kept = KEPT_FREE.min(system.f_blocks.saturating_mul(system.f_frsize) / PART_KEPT_FREE);
    (system.f_bavail.saturating_mul(system.f_frsize) < kept).then_some(kept)
}

/// The bytes in a kernel's own `/dev/shm`; 0 when it has none, or the host cannot look there.
pub(crate) fn shm_bytes(kernel: Pid) -> u64 {
    let own = PathBuf::from(format!("/proc/{kernel}/root/dev/shm"));
    let device = |path: &Path| statat(CWD, path, AtFlags::empty()).ok().map(|stat| stat.st_dev);
    if device(&own) == device(Path::new("/dev/shm")) {
        return 0;
    }
    statvfs(&own).map_or(0, |shm| shm.f_blocks.saturating_sub(shm.f_bfree).saturating_mul(shm.f_frsize))
}

/// Disk that a sandbox uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Disk {
    bytes: u64,
    nodes: u64,
}

/// So much of a file system is kept free, in bytes and as one part of it; the smaller counts.
const KEPT_FREE: u64 = 256 << 20;
const PART_KEPT_FREE: u64 = 20;

/// No folder that is kept is deeper; so deep a stack of open folders is harmless.
const MAX_DEPTH: usize = 128;

impl Disk {
    /// Counts a file, folder or link.
    pub(crate) fn count(&mut self, stat: &Stat) {
        self.nodes += 1;
        self.bytes = self.bytes.saturating_add(u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512));
    }

    /// Counts what lies below a folder, which is a kernel's, until there is more than the quota.
    pub(crate) fn count_below(&mut self, folder: &Path, quota: Quota) -> Option<Excess> {
        self.add(&open_root(folder).ok()?, 0, quota)
    }

    /// Counts the files without names that these processes have open, as far as the host may look.
    pub(crate) fn count_nameless(&mut self, processes: &[Pid], quota: Quota) -> Option<Excess> {
        let mut seen = HashSet::new();
        for descriptor in processes.iter().flat_map(|process| descriptors(*process)) {
            let Ok(stat) = statat(CWD, descriptor, AtFlags::empty()) else { continue };
            if is_nameless(&stat) && seen.insert((stat.st_dev, stat.st_ino)) {
                self.count(&stat);
            }
        }
        self.excess(quota)
    }

    /// True when hardly anything is left of the file system that this folder is on, and this sandbox has more than that of it, or its
    /// processes may: then it gives way, so that others can go on.
    pub(crate) fn fills(self, folder: &Path, processes: &[Pid]) -> bool {
        nearly_full(folder).is_some_and(|kept| {
            let mut all = self;
            each_hidden(folder, processes, |stat| all.count(stat)).is_none() || all.bytes > kept
        })
    }

    fn excess(self, quota: Quota) -> Option<Excess> {
        if self.bytes > quota.disk_bytes {
            return Some(Excess::Disk);
        }
        (self.nodes > quota.disk_nodes).then_some(Excess::Nodes)
    }

    fn add(&mut self, folder: &OwnedFd, depth: usize, quota: Quota) -> Option<Excess> {
        let mut entries = Dir::read_from(folder).ok()?;
        while let Some(Ok(entry)) = entries.read() {
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let Ok(stat) = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            self.count(&stat);
            if let Some(excess) = self.excess(quota).or_else(|| (depth > MAX_DEPTH).then_some(Excess::Nodes)) {
                return Some(excess);
            }
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory
                && let Ok(inner) = open_folder(folder, name)
                && let Some(excess) = self.add(&inner, depth + 1, quota)
            {
                return Some(excess);
            }
        }
        self.excess(quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_folder_is_counted_until_it_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/file"), vec![1; 100_000]).unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("a/link")).unwrap();
        let sparse = fs::File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        let quota = |disk_bytes, disk_nodes| Quota { memory_bytes: 0, disk_bytes, disk_nodes };
        let excess = |quota| Disk::default().count_below(folder.path(), quota);
        assert_eq!(excess(quota(1 << 20, 5)), None);
        assert_eq!(excess(quota(1 << 20, 4)), Some(Excess::Nodes));
        assert_eq!(excess(quota(90_000, 5)), Some(Excess::Disk));
    }
}
