//! What proc(5) tells of a process.

use std::{
    collections::HashSet,
    fs, io,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{AtFlags, CWD, OFlags, statat},
    process::Pid,
};

/// A process's threads; none when it is gone.
pub(super) fn threads(process: Pid) -> io::Result<Vec<Pid>> {
    let listed = match fs::read_dir(format!("/proc/{process}/task")) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let ids = listed.filter_map(|entry| pid(entry.ok()?.file_name().to_str()?));
    Ok(ids.collect())
}

/// How many threads a process has; 0 when it is gone.
pub(crate) fn thread_count(process: Pid) -> usize {
    threads(process).map_or(0, |threads| threads.len())
}

/// The children of all of a process's threads.
pub(super) fn children(process: Pid) -> io::Result<Vec<Pid>> {
    let mut children = Vec::new();
    for thread in threads(process)? {
        match fs::read_to_string(format!("/proc/{process}/task/{thread}/children")) {
            Ok(listed) => children.extend(listed.split_ascii_whitespace().filter_map(pid)),
            // The thread has ended; its children are another thread's now.
            Err(error) if is_gone(&error) && state(process, thread).is_none() => {}
            // A system without CONFIG_PROC_CHILDREN.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return children_by_parent(process),
            Err(error) => return Err(error),
        }
    }
    Ok(children)
}

/// The same by a look at every process there is.
fn children_by_parent(parent: Pid) -> io::Result<Vec<Pid>> {
    let all = fs::read_dir("/proc")?.filter_map(|entry| pid(entry.ok()?.file_name().to_str()?));
    Ok(all.filter(|process| stat_field(*process, *process, 1).and_then(|id| pid(&id)) == Some(parent)).collect())
}

/// The state letter of a thread; `None` when it is gone.
pub(super) fn state(process: Pid, thread: Pid) -> Option<char> {
    stat_field(process, thread, 0)?.chars().next()
}

/// The session that a process belongs to; `None` when it is gone.
pub(super) fn session(process: Pid) -> Option<String> {
    stat_field(process, process, 3)
}

/// A field of a thread's stat file, counted from the one after its name, which may hold anything.
fn stat_field(process: Pid, thread: Pid, index: usize) -> Option<String> {
    let stat = fs::read(format!("/proc/{process}/task/{thread}/stat")).ok()?;
    let fields = stat.get(stat.iter().rposition(|byte| *byte == b')')? + 1..)?;
    Some(std::str::from_utf8(fields).ok()?.split_ascii_whitespace().nth(index)?.to_owned())
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// Inodes whose content may change without a trace in their times: mapped shared and writable, or open for writing.
/// `None` when that cannot be seen, as when the host is not allowed to look into the kernel.
pub(crate) fn writable_inodes(kernel: Pid) -> Option<HashSet<u64>> {
    let mut inodes = HashSet::new();
    for line in fs::read_to_string(format!("/proc/{kernel}/maps")).ok()?.lines() {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let shared_writable = fields.next().is_some_and(|mode| mode.contains('w') && mode.ends_with('s'));
        if shared_writable && let Some(inode) = fields.nth(2).and_then(|inode| inode.parse().ok()) {
            inodes.insert(inode);
        }
    }
    for entry in fs::read_dir(format!("/proc/{kernel}/fd")).ok()? {
        let name = entry.ok()?.file_name();
        let fd = name.to_str()?;
        if is_open_for_writing(kernel, fd)? {
            inodes.insert(statat(CWD, format!("/proc/{kernel}/fd/{fd}"), AtFlags::empty()).ok()?.st_ino);
        }
    }
    Some(inodes)
}

fn is_open_for_writing(kernel: Pid, fd: &str) -> Option<bool> {
    let info = fs::read_to_string(format!("/proc/{kernel}/fdinfo/{fd}")).ok()?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
    let flags = OFlags::from_bits_retain(u32::from_str_radix(flags.trim(), 8).ok()?);
    Some(flags.intersects(OFlags::WRONLY | OFlags::RDWR))
}

/// Resident memory of a process, in bytes; 0 when it cannot be read.
pub(crate) fn resident_bytes(process: Pid) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages: u64 = statm.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    pages.saturating_mul(rustix::param::page_size() as u64)
}

/// Tells a kill by the system for want of memory from any other SIGKILL, by the count that it keeps of the former.
pub(crate) struct MemoryKills(AtomicU64);

impl MemoryKills {
    /// Those before now are known.
    pub(crate) fn watch() -> Self {
        Self(AtomicU64::new(memory_kills()))
    }

    /// True when there was one since the last question.
    pub(crate) fn happened(&self) -> bool {
        let now = memory_kills();
        self.0.swap(now, Ordering::Relaxed) < now
    }
}

fn memory_kills() -> u64 {
    let vmstat = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = vmstat.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}
