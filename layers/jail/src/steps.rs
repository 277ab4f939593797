//! The steps of the confinement, and the record of which of them hold.

use std::fmt::Display;

/// The names of all steps, in the order in which they are taken.
///
/// | step | holds when |
/// | --- | --- |
/// | `session` | the kernel leads a session of its own, away from the host's terminal and process group |
/// | `descriptors` | nothing inherited is open but 0, 1, 2 and what was asked to be kept |
/// | `oom_score` | Linux, when out of memory, ends the kernel before its host |
/// | `network` | the kernel has a network namespace of its own, without any interface up |
/// | `ipc` | System V objects and POSIX message queues are its own |
/// | `hostname` | it sees a host name that says nothing |
/// | `mounts` | it sees a small read-only root, and of the kernels' folders its own only |
/// | `pid_namespace` | it is process 1 of a namespace of its own, and sees and signals no process outside |
/// | `proc` | `/proc` shows that namespace |
/// | `user_namespace` | it holds nothing over the building; not needed, and so held, when the zygote is root |
/// | `rlimits` | every limit of [`Limits`](crate::Limits) is in force, and no core is dumped |
/// | `uid` | it runs under an unprivileged user id |
/// | `capabilities` | it has none, and can gain none by running a program |
/// | `dumpable` | its memory and `/proc` entries are closed to other processes of its user |
/// | `no_new_privs` | set-user-id programs give nothing |
/// | `landlock` | files outside the cell are closed to it a second time |
/// | `parent_death` | it ends when the zygote does |
/// | `seccomp` | only listed system calls reach Linux |
/// | `signals` | it cannot signal host or zygote: by process ids, by user id, or by Landlock's scope |
pub const STEPS: &[&str] = &[
    "session",
    "descriptors",
    "oom_score",
    "network",
    "ipc",
    "hostname",
    "mounts",
    "pid_namespace",
    "proc",
    "user_namespace",
    "rlimits",
    "uid",
    "capabilities",
    "dumpable",
    "no_new_privs",
    "landlock",
    "parent_death",
    "seccomp",
    "signals",
];

/// One step, and whether the system gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepReport {
    /// The step's name, one of [`STEPS`].
    pub step: &'static str,
    /// True when it holds.
    pub held: bool,
    /// Why it does not hold, for the log; empty when it does.
    pub reason: String,
}

/// What has been taken so far.
#[derive(Default)]
pub(crate) struct Steps(Vec<StepReport>);

impl Steps {
    /// Records a step. True when it holds.
    pub(crate) fn note<E: Display>(&mut self, step: &'static str, result: Result<(), E>) -> bool {
        let reason = result.err().map(|error| error.to_string());
        let held = reason.is_none();
        self.0.push(StepReport { step, held, reason: reason.unwrap_or_default() });
        held
    }

    /// The first step of `required` that does not hold.
    pub(crate) fn missing(&self, required: &[String]) -> Option<&StepReport> {
        self.0.iter().find(|report| !report.held && required.iter().any(|name| name == report.step))
    }

    /// The record, in the order of [`STEPS`].
    pub(crate) fn into_reports(self) -> Vec<StepReport> {
        self.0
    }
}
