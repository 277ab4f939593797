//! The interpreter port: runs code in a sandbox's kernel, and does not commit anything.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{
    CommitId, ExecutionId, SandboxId,
    entry::{Head, Position},
    manifest::Manifest,
    report::Report,
    store::StoreError,
};

/// One run of one call.
#[derive(Clone, Debug)]
pub struct Job {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// The call; the same through re-runs.
    pub execution: ExecutionId,
    /// The commit id that the run's outcome will carry. The kernel is at that position once a later job's head shows it.
    pub commit: CommitId,
    /// The newest entry that the caller knows to be committed. A kernel elsewhere is brought there, or replaced.
    pub head: Arc<Head>,
    /// What is to run.
    pub work: Work,
    /// Its own limit.
    pub limit: Duration,
    /// When the whole call has to be answered.
    pub deadline: Instant,
}

impl Job {
    /// Number of calls of code in the sandbox when this one has ended.
    pub fn calls_after(&self) -> u64 {
        let before = self.head.manifest.calls;
        match self.work {
            Work::Cell { .. } => before.saturating_add(1),
            Work::Command(_) => before,
        }
    }
}

/// What a job runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Code in the sandbox's kernel, among its variables.
    Cell {
        /// Python source.
        #[serde(with = "crate::remote::base64_text")]
        code: Arc<str>,
        /// Show the value of a last bare expression.
        display_last: bool,
    },
    /// A process of its own, among the sandbox's files. The kernel stands still meanwhile.
    Command(Arc<Command>),
}

/// A command for a process of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// What reads it.
    pub kind: CommandKind,
    /// Its source; see [`crate::limits::MAX_COMMAND_BYTES`].
    pub source: String,
    /// Variables on top of a new kernel's environment.
    pub env: BTreeMap<String, String>,
}

/// What reads a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// `bash -c`.
    Bash,
    /// `python -c`.
    Python,
}

impl CommandKind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Python => "python",
        }
    }
}

impl Work {
    /// The code or the command.
    pub fn source(&self) -> &str {
        match self {
            Self::Cell { code, .. } => code,
            Self::Command(command) => &command.source,
        }
    }

    /// The language, as executions are listed.
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Cell { .. } => CommandKind::Python,
            Self::Command(command) => command.kind,
        }
    }
}

/// A run that ended; its files are stored, nothing is committed.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The entry that the kernel stood on. To be verified against the ledger before the outcome is committed.
    pub base: Position,
    /// The whole state after the run.
    pub manifest: Manifest,
    /// What the caller is answered.
    pub report: Report,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Every kernel is busy, or memory for one more is not there.
    #[error("no kernel is free")]
    Busy,
    /// Too little of the call's time is left to run anything.
    #[error("no time left to run")]
    NoTime,
    /// The sandbox's files or ledger could not be read or written.
    #[error("sandbox storage")]
    Store(#[from] StoreError),
    /// No kernel could be started, or it broke in a way that is not the code's fault.
    #[error("kernel: {what}")]
    Kernel {
        /// What went wrong, for the log.
        what: String,
    },
}

/// Runs code. Two calls for one sandbox may come at once; they run one after the other.
pub trait Interpreter: Send + Sync + 'static {
    /// Brings the sandbox's kernel to the job's head and runs the code there.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ran, RunError>>;

    /// Ends the sandbox's kernel, if there is one, and removes what it left on this machine.
    fn discard<'a>(&'a self, sandbox: &'a SandboxId) -> BoxFuture<'a, ()>;

    /// A sandbox was started and will soon run code: what takes long to make ready may be made so now. Never fails, takes
    /// little time, and may do nothing.
    fn warm<'a>(&'a self, _sandbox: &'a SandboxId, _manifest: &'a Manifest) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}
