//! What a caller reads when a kernel died or took too long.

use std::time::Duration;

use rustix::process::Signal;
use sandcastle_protocol::Ended;

use crate::kernel::usage::Excess;

/// How a process ended, such as `signal 11 (SIGSEGV)` or `exit code 1`.
pub(crate) fn ended(how: Ended) -> String {
    match how {
        Ended::Exited { code } => format!("exit code {code}"),
        Ended::Signaled { signal } => match name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
    }
}

/// The error of a call whose kernel, or command, was killed because of this.
pub(crate) fn excess(what: &str, excess: Excess) -> String {
    let kind = if excess == Excess::Memory { "MemoryError" } else { "OSError" };
    format!("{kind}('the {what} was killed: {}')", too_much(excess))
}

/// What there is too much of, in words.
pub(crate) fn too_much(excess: Excess) -> &'static str {
    match excess {
        Excess::Memory => "out of memory",
        Excess::Disk => "the sandbox takes more disk than it may",
        Excess::Nodes => "the sandbox has more files than it may",
        Excess::Sessions => "the sandbox has more sessions of processes than it may",
    }
}

/// The error of a call that took longer than its limit, as the kernel would have written it.
pub(crate) fn timeout(limit: Duration) -> String {
    format!("TimeoutError('the execution took longer than its limit of {} s')", seconds(limit))
}

/// The error of a call whose code has not run.
pub(crate) fn no_time_to_restore(limit: Duration) -> String {
    let limit = seconds(limit);
    format!(
        "TimeoutError('the limit of {limit} s was too short to restore the variables: try again with a longer timeout_s')"
    )
}

fn seconds(time: Duration) -> String {
    let millis = time.as_millis();
    let (whole, rest) = (millis / 1000, millis % 1000);
    let seconds = if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:03}") };
    trimmed(&seconds).to_owned()
}

fn trimmed(seconds: &str) -> &str {
    if seconds.contains('.') { seconds.trim_end_matches('0') } else { seconds }
}

fn name(signal: i32) -> Option<&'static str> {
    let names = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::SYS, "SIGSYS"),
    ];
    names.iter().find(|(known, _)| known.as_raw() == signal).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deaths_and_limits_read_well() {
        assert_eq!(ended(Ended::Signaled { signal: 11 }), "signal 11 (SIGSEGV)");
        assert_eq!(ended(Ended::Signaled { signal: 40 }), "signal 40");
        assert_eq!(ended(Ended::Exited { code: 1 }), "exit code 1");
        let text = |millis| timeout(Duration::from_millis(millis));
        assert_eq!(text(50_000), "TimeoutError('the execution took longer than its limit of 50 s')");
        assert_eq!(text(1_250), "TimeoutError('the execution took longer than its limit of 1.25 s')");
    }
}
