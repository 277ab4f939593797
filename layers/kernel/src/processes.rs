//! The zygote's children: kernels, and what kernels have left behind.

use std::collections::HashMap;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait};
use sandcastle_protocol::Ended;

/// Makes this process the parent of its descendants' orphans, where the system allows it. (It does not ask to be killed
/// with its own parent: it sees the host's end at the control socket, and has to end its kernels then.)
pub(crate) fn adopt_orphans() {
    let _ = set_child_subreaper(Some(getpid()));
}

/// Reaps a child that has ended, if there is one.
pub(crate) fn reap_one() -> Option<(i32, Ended)> {
    let (pid, status) = wait(WaitOptions::NOHANG).ok()??;
    Some((pid.as_raw_nonzero().get(), how_ended(status)))
}

/// How a process ended.
pub(crate) fn how_ended(status: WaitStatus) -> Ended {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ended::Exited { code },
        (None, Some(signal)) => Ended::Signaled { signal },
        (None, None) => Ended::Exited { code: -1 },
    }
}

/// Kills the children that are no kernels: orphans that a kernel has left.
pub(crate) fn kill_children_but(kernels: &HashMap<i32, u64>) {
    for pid in children() {
        if !kernels.contains_key(&pid.as_raw_nonzero().get()) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Kills every child, and the orphans that come of it, and waits until none is left; where children cannot be listed, only
/// for those that have ended.
pub(crate) fn kill_all_children(mut kernels: HashMap<i32, u64>) {
    loop {
        let known = kernels.keys().filter_map(|pid| Pid::from_raw(*pid));
        let found: Vec<Pid> = children().into_iter().chain(known).collect();
        for pid in &found {
            let _ = kill_process(*pid, Signal::KILL);
        }
        let patience = if found.is_empty() { WaitOptions::NOHANG } else { WaitOptions::empty() };
        match wait(patience) {
            Ok(Some((pid, _))) => kernels.remove(&pid.as_raw_nonzero().get()),
            _ => return,
        };
    }
}

/// The children's ids, as proc(5) lists them; none where it does not.
fn children() -> Vec<Pid> {
    let listed = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    listed.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
