//! Who comes first and last for the processors. Blocking.
//!
//! Linux may share them among sessions of processes first (sched(7), "The autogroup feature"). Then each process of a crowd that
//! leaves its session has the share of a whole server.

use std::{collections::HashSet, fmt::Display, fs, io};

use rustix::process::{Pid, setpriority_process};

use super::processes::{session, threads};

/// The largest and the least share, as nice values.
const FIRST: i32 = -20;
const LAST: i32 = 19;
/// So many sessions of a crowd may have a share each that the host cannot take from them.
const MOST_SESSIONS: usize = 32;

/// Gives the session of this program the largest share, where Linux allows that, so that the host soon sees what a crowd does.
/// Kernels have sessions of their own.
pub(crate) fn come_first() {
    let _ = give("self", FIRST);
}

/// Gives all threads of these processes the least share, and their sessions as well. False when too many sessions keep theirs,
/// because the host may not do that: without CAP_SYS_ADMIN, Linux takes the share of ten in a second.
pub(crate) fn put_last(processes: impl Iterator<Item = Pid>) -> bool {
    let (mut sessions, mut kept) = (HashSet::new(), 0);
    for process in processes {
        // First of all: until then its session has the share of a whole server.
        if session(process).is_some_and(|session| sessions.insert(session))
            && give(process, LAST).is_err_and(|error| is_refused(&error))
        {
            kept += 1;
            if kept > MOST_SESSIONS && shares_by_session() {
                return false;
            }
        }
        for thread in threads(process).unwrap_or_default() {
            let _ = setpriority_process(Some(thread), LAST);
        }
    }
    true
}

fn give(process: impl Display, nice: i32) -> io::Result<()> {
    fs::write(format!("/proc/{process}/autogroup"), nice.to_string())
}

fn is_refused(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::PermissionDenied)
}

fn shares_by_session() -> bool {
    fs::read_to_string("/proc/sys/kernel/sched_autogroup_enabled").is_ok_and(|enabled| enabled.trim() == "1")
}
