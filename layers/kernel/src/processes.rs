//! The zygote's child processes: kernels, and orphaned processes of kernels.

use std::collections::HashMap;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper, wait};
use sandcastle_protocol::Ended;

/// Makes this process the parent of orphaned descendants (PR_SET_CHILD_SUBREAPER in prctl(2)). The zygote does not ask to be
/// killed with its parent: when the host ends, the zygote sees the control socket close and must kill its kernels first.
pub(crate) fn adopt_orphans() {
    let _ = set_child_subreaper(Some(getpid()));
}

/// Reaps one child that has ended, if any.
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

/// Kills the children that are not to be kept: orphaned processes of kernels.
pub(crate) fn kill_children_but(is_kept: impl Fn(i32) -> bool) {
    for pid in children() {
        if !is_kept(pid.as_raw_nonzero().get()) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Kills every child, and the orphans that result, and waits until none is left. Where children cannot be listed (a Linux
/// without CONFIG_PROC_CHILDREN), orphans are reaped only if they have ended.
pub(crate) fn kill_all_children(mut kernels: HashMap<i32, u64>) {
    loop {
        let known = kernels.keys().filter_map(|pid| Pid::from_raw(*pid));
        let found: Vec<Pid> = children().into_iter().chain(known).collect();
        for pid in &found {
            let _ = kill_process(*pid, Signal::KILL);
        }
        let options = if found.is_empty() { WaitOptions::NOHANG } else { WaitOptions::empty() };
        match wait(options) {
            Ok(Some((pid, _))) => kernels.remove(&pid.as_raw_nonzero().get()),
            _ => return,
        };
    }
}

/// The process ids of the children, from proc(5). Empty where the file does not exist.
fn children() -> Vec<Pid> {
    let listed = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    listed.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}
