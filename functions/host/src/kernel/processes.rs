//! What proc(5) tells of a kernel and its descendants, and the ending of what a call left behind.

use std::{
    collections::HashSet,
    fs, io,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use rustix::{
    fs::{AtFlags, CWD, OFlags, statat},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use tokio::time::sleep;

use super::ProcessHandle;

/// How long a kernel's threads may take to stop, and what it left behind to end.
const QUIET_TIME: Duration = Duration::from_secs(2);
/// So often is looked again at once, the processor being given up in between: threads stop within microseconds, and the
/// kernel may have been waiting for this very processor.
const QUICK_LOOKS: u32 = 50;
/// How long to wait before looking again after that.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Stops a kernel, waits until every thread of it is stopped, and kills everything it has started. `false`: that took
/// too long, and only the end of the kernel helps.
///
/// # Errors
/// When there is no such process to be seen: it has ended.
pub(crate) async fn stop_and_end_children(kernel: Pid, process: &ProcessHandle) -> io::Result<bool> {
    let until = Instant::now() + QUIET_TIME;
    let mut quiet = 0;
    for look in 0u32.. {
        // Before every look, because the end of what it started may have woken it: Linux sends SIGCONT to a stopped
        // process when the last process that ties its process group to its session ends.
        process.signal(Signal::STOP);
        match is_quiet(kernel)? {
            // The first look may have come upon a process that ended, and woke the kernel, while it went on.
            true if quiet == 1 => return Ok(true),
            true => quiet = 1,
            false if Instant::now() > until => return Ok(false),
            false if look < QUICK_LOOKS => {
                quiet = 0;
                std::thread::yield_now();
            }
            false => {
                quiet = 0;
                sleep(LOOK_AGAIN).await;
            }
        }
    }
    Ok(false)
}

/// True when a kernel that was stopped before still is, or is soon, and has started nothing.
pub(crate) async fn comes_to_stop(kernel: Pid) -> bool {
    let until = Instant::now() + QUIET_TIME;
    for look in 0u32.. {
        match is_stopped(kernel) {
            Ok(true) => return true,
            Err(_) => return false,
            // The stop may be pending still.
            Ok(false) if Instant::now() > until => return false,
            Ok(false) if look < QUICK_LOOKS => std::thread::yield_now(),
            Ok(false) => sleep(LOOK_AGAIN).await,
        }
    }
    false
}

/// One look, which changes nothing: all threads are stopped, and no descendant is alive.
fn is_stopped(kernel: Pid) -> io::Result<bool> {
    let stopped = |thread| matches!(state(kernel, thread), None | Some('T' | 'Z' | 'X'));
    let ended = |child| matches!(state(child, child), None | Some('Z' | 'X'));
    Ok(threads(kernel)?.into_iter().all(stopped) && children(kernel)?.into_iter().all(ended))
}

/// One look: kills descendants that are alive. True when there were none, and all threads are stopped.
fn is_quiet(kernel: Pid) -> io::Result<bool> {
    let threads = threads(kernel)?;
    // A single thread that sleeps with the stop pending stops before it runs any code.
    let sleeping = if threads.len() == 1 { 'S' } else { 'T' };
    let still = |state| matches!(state, None | Some('T' | 'Z' | 'X')) || state == Some(sleeping);
    let mut quiet = threads.iter().all(|thread| still(state(kernel, *thread)));
    let mut parents = vec![kernel];
    let mut seen = HashSet::new();
    while let Some(parent) = parents.pop() {
        for child in children(parent)? {
            if !seen.insert(child) || matches!(state(child, child), Some('Z' | 'X') | None) {
                continue;
            }
            quiet = false;
            parents.push(child);
            kill_child(parent, child);
        }
    }
    Ok(quiet)
}

/// Kills a process that is still the child of that parent: its id may have become another's.
fn kill_child(parent: Pid, child: Pid) {
    let Ok(pidfd) = pidfd_open(child, PidfdFlags::empty()) else { return };
    if children(parent).is_ok_and(|children| children.contains(&child)) {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    }
}

/// A process's threads; none when it is gone.
fn threads(process: Pid) -> io::Result<Vec<Pid>> {
    let listed = match fs::read_dir(format!("/proc/{process}/task")) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let ids = listed.filter_map(|entry| pid(entry.ok()?.file_name().to_str()?));
    Ok(ids.collect())
}

/// The children of all of a process's threads.
fn children(process: Pid) -> io::Result<Vec<Pid>> {
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
fn state(process: Pid, thread: Pid) -> Option<char> {
    stat_field(process, thread, 0)?.chars().next()
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
