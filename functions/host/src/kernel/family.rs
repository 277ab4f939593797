//! A kernel's own process, process 1 of its process id namespace, and what code has started: stops the one, and ends the others.

use std::{
    collections::HashSet,
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::time::sleep;

use super::processes::{children, state, threads};

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
pub(crate) async fn stop_and_end_children(kernel: &Family) -> io::Result<bool> {
    let until = Instant::now() + QUIET_TIME;
    let mut quiet = 0;
    for look in 0u32.. {
        // Before every look, because the end of what it started may have woken it: Linux sends SIGCONT to a stopped
        // process when the last process that ties its process group to its session ends.
        kernel.signal(Signal::STOP);
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
pub(crate) async fn comes_to_stop(kernel: &Family) -> bool {
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
fn is_stopped(family: &Family) -> io::Result<bool> {
    let kernel = family.kernel;
    let stopped = |thread| matches!(state(kernel, thread), None | Some('T' | 'Z' | 'X'));
    let ended = |child| child == kernel || matches!(state(child, child), None | Some('Z' | 'X'));
    Ok(threads(kernel)?.into_iter().all(stopped)
        && family.parents().map(children).collect::<io::Result<Vec<_>>>()?.concat().into_iter().all(ended))
}

/// One look: kills descendants that are alive. True when there were none, and all threads are stopped.
fn is_quiet(family: &Family) -> io::Result<bool> {
    let kernel = family.kernel;
    let threads = threads(kernel)?;
    // A single thread that sleeps with the stop pending stops before it runs any code.
    let sleeping = if threads.len() == 1 { 'S' } else { 'T' };
    let still = |state| matches!(state, None | Some('T' | 'Z' | 'X')) || state == Some(sleeping);
    let mut quiet = threads.iter().all(|thread| still(state(kernel, *thread)));
    let mut parents: Vec<Pid> = family.parents().collect();
    let mut seen = HashSet::from([kernel]);
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
pub(crate) fn kill_child(parent: Pid, child: Pid) {
    let Ok(pidfd) = pidfd_open(child, PidfdFlags::empty()) else { return };
    if children(parent).is_ok_and(|children| children.contains(&child)) {
        let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    }
}

/// A child of a process, while it has that number.
pub(crate) struct Below {
    process: Pid,
    handle: OwnedFd,
}

/// The processes of a kernel that have names as long as this lives.
pub(crate) struct Family {
    /// The kernel's own process.
    pub(crate) kernel: Pid,
    handle: Option<OwnedFd>,
    /// Process 1 of its process id namespace, if it has one.
    init: Option<(Pid, Option<OwnedFd>)>,
}

impl Family {
    /// Of a process that has just been forked.
    pub(crate) fn of(process: Pid, handle: Option<OwnedFd>) -> Self {
        Self { kernel: process, handle, init: None }
    }

    /// The only child of the process that was forked: the kernel itself, when that one is process 1. To be asked for before the
    /// first frame, upon which a program runs, and may end at once.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn only_child(&self) -> io::Result<Below> {
        let child = || Ok::<_, io::Error>(children(self.kernel)?.into_iter().next());
        let process = child()?.ok_or(io::ErrorKind::NotFound)?;
        let handle = pidfd_open(process, PidfdFlags::empty())?;
        // Another process may have got its number in between.
        if child()? == Some(process) { Ok(Below { process, handle }) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// The process that was forked has turned out to be process 1, and this one to be the kernel.
    pub(crate) fn is_process_1_of(&mut self, below: Below) {
        let handle = self.handle.replace(below.handle);
        self.init = Some((std::mem::replace(&mut self.kernel, below.process), handle));
    }

    /// Sends the kernel a signal; a process that has ended takes none.
    pub(crate) fn signal(&self, signal: Signal) {
        send(self.handle.as_ref(), signal);
    }

    /// Kills the kernel, and whatever else is in its namespace.
    pub(crate) fn kill(&self) {
        let first = self.init.as_ref().map_or(self.handle.as_ref(), |(_, handle)| handle.as_ref());
        send(first, Signal::KILL);
    }

    /// The processes below which all others of it are.
    pub(crate) fn roots(&self) -> Vec<Pid> {
        self.parents().collect()
    }

    /// Those of whom what code has started are children: orphans are children of process 1.
    fn parents(&self) -> impl Iterator<Item = Pid> {
        std::iter::once(self.kernel).chain(self.init.as_ref().map(|(init, _)| *init))
    }
}

fn send(process: Option<&OwnedFd>, signal: Signal) {
    if let Some(process) = process {
        let _ = pidfd_send_signal(process, signal);
    }
}
