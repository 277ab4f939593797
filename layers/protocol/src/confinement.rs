//! How a kernel is confined: its limits, the steps of the confinement, and the report of which steps hold.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The part of the confinement that all kernels of a zygote share.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Host folder with one subfolder per kernel, named by [`Fork::slot`](crate::Fork::slot), that holds `files/` and `tmp/`.
    pub kernels_dir: PathBuf,
    /// Paths that kernels may read besides the system's libraries, such as the Python layer.
    pub readable: Vec<PathBuf>,
    /// Steps without which a kernel must not run. Empty: a kernel runs with whatever the system grants.
    pub required: Vec<Step>,
    /// Limits of each kernel.
    pub limits: Limits,
}

/// Resource limits of one kernel and of each process that it starts (getrlimit(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Private writable memory, in bytes. Memory that a kernel inherits from its zygote counts.
    pub memory_bytes: u64,
    /// Processes and threads, including the kernel's own.
    pub processes: u64,
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
}

/// One step of the confinement. In messages and logs a step is written in snake case, such as `pid_namespace`.
///
/// The variants are in the order in which the steps are taken:
///
/// | step | holds when |
/// | --- | --- |
/// | `session` | the kernel leads its own session, apart from the host's terminal and process group |
/// | `descriptors` | no inherited descriptor is open except 0, 1, 2 and those that the kernel needs |
/// | `oom_score` | Linux kills the kernel before the host when memory runs out |
/// | `network` | the kernel has its own network namespace, in which no interface is up |
/// | `ipc` | the kernel has its own System V objects and POSIX message queues |
/// | `hostname` | the kernel sees the host name `sandbox` |
/// | `mounts` | the kernel has a small read-only root and sees no other kernel's folder |
/// | `pid_namespace` | the kernel has its own namespace and cannot see or signal processes outside |
/// | `proc` | `/proc` shows that namespace only |
/// | `user_namespace` | the kernel has no rights in the zygote's user namespace; always holds if the zygote is root |
/// | `rlimits` | every limit of [`Limits`] is in force, and core dumps are off |
/// | `uid` | the kernel runs under an unprivileged user id |
/// | `capabilities` | the kernel has no capabilities and cannot gain any by running a program |
/// | `dumpable` | other processes of the same user cannot read its memory and `/proc` entries |
/// | `no_new_privs` | set-user-id programs give no privileges |
/// | `landlock` | Landlock denies access to files outside the cell, in addition to the mounts |
/// | `parent_death` | the kernel is killed when the zygote ends |
/// | `seccomp` | only listed system calls reach Linux |
/// | `signals` | the kernel cannot signal host or zygote: by process id namespace, user id, or Landlock scope |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the table above documents every variant")]
pub enum Step {
    Session,
    Descriptors,
    OomScore,
    Network,
    Ipc,
    Hostname,
    Mounts,
    PidNamespace,
    Proc,
    UserNamespace,
    Rlimits,
    Uid,
    Capabilities,
    Dumpable,
    NoNewPrivs,
    Landlock,
    ParentDeath,
    Seccomp,
    Signals,
}

impl Step {
    /// Every step, in the order in which they are taken.
    pub const ALL: &[Self] = &[
        Self::Session,
        Self::Descriptors,
        Self::OomScore,
        Self::Network,
        Self::Ipc,
        Self::Hostname,
        Self::Mounts,
        Self::PidNamespace,
        Self::Proc,
        Self::UserNamespace,
        Self::Rlimits,
        Self::Uid,
        Self::Capabilities,
        Self::Dumpable,
        Self::NoNewPrivs,
        Self::Landlock,
        Self::ParentDeath,
        Self::Seccomp,
        Self::Signals,
    ];

    /// The steps that `JAIL=required` demands: those that a current Linux grants without root. AWS Lambda refuses some of
    /// them; there the microVM and the VPC are the boundary.
    pub const REQUIRED: &[Self] = &[
        Self::Session,
        Self::Descriptors,
        Self::Network,
        Self::Ipc,
        Self::Mounts,
        Self::PidNamespace,
        Self::Proc,
        Self::UserNamespace,
        Self::Rlimits,
        Self::Uid,
        Self::Capabilities,
        Self::Dumpable,
        Self::NoNewPrivs,
        Self::Landlock,
        Self::ParentDeath,
        Self::Seccomp,
        Self::Signals,
    ];

    /// The step's name in messages and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Descriptors => "descriptors",
            Self::OomScore => "oom_score",
            Self::Network => "network",
            Self::Ipc => "ipc",
            Self::Hostname => "hostname",
            Self::Mounts => "mounts",
            Self::PidNamespace => "pid_namespace",
            Self::Proc => "proc",
            Self::UserNamespace => "user_namespace",
            Self::Rlimits => "rlimits",
            Self::Uid => "uid",
            Self::Capabilities => "capabilities",
            Self::Dumpable => "dumpable",
            Self::NoNewPrivs => "no_new_privs",
            Self::Landlock => "landlock",
            Self::ParentDeath => "parent_death",
            Self::Seccomp => "seccomp",
            Self::Signals => "signals",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.pad(self.as_str())
    }
}

/// Whether one step of the confinement holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// True when the step holds, false when the system refused it.
    pub held: bool,
    /// Why the step does not hold, for the log. Empty when it holds.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Step;

    #[test]
    fn every_step_is_listed_once_and_written_as_its_name() {
        let names: HashSet<&str> = Step::ALL.iter().map(|step| step.as_str()).collect();
        assert_eq!(names.len(), Step::ALL.len());
        // The last variant is the last of the list only if none is missing.
        assert_eq!(
            Step::ALL.iter().map(|step| *step as usize).collect::<Vec<_>>(),
            (0..=Step::Signals as usize).collect::<Vec<_>>()
        );
        for step in Step::ALL {
            assert_eq!(serde_json::to_value(step).unwrap(), step.as_str());
        }
        assert!(serde_json::from_str::<Step>("\"secomp\"").is_err());
    }

    #[test]
    fn required_steps_are_in_the_order_of_all() {
        let order: Vec<&Step> = Step::ALL.iter().filter(|step| Step::REQUIRED.contains(step)).collect();
        assert_eq!(order, Step::REQUIRED.iter().collect::<Vec<_>>());
    }
}
