//! The interpreter port: runs code in a sandbox's kernel, and does not commit anything.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{
    Code, Command, CommandKind, CommitId, ExecutionId, SandboxId,
    entry::{Head, Position},
    manifest::Manifest,
    report::Report,
    store::StoreError,
};

/// One attempt of one execution.
#[derive(Clone, Debug)]
pub struct Job {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// The execution; the same through all its attempts.
    pub execution: ExecutionId,
    /// The commit id that the outcome is committed with. The kernel has the sandbox's variables once a later job's head names
    /// it in [`Manifest::variables_at`].
    pub commit: CommitId,
    /// The newest entry that the caller knows to be committed. A kernel elsewhere is brought there, or replaced.
    pub head: Arc<Head>,
    /// True when that entry was read for this job: then a kernel that contradicts it is of no more use. Otherwise it may be
    /// the remembered entry that is stale.
    pub fresh: bool,
    /// What is to run.
    pub work: Work,
    /// The limit on the work itself.
    pub limit: Duration,
    /// When the whole call must be answered.
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
        code: Code,
        /// Show the value of a last bare expression.
        display_last: bool,
    },
    /// A process of its own, among the sandbox's files. The kernel is stopped meanwhile.
    Command(Arc<Command>),
}

impl Work {
    /// The code or the command.
    pub fn text(&self) -> &str {
        match self {
            Self::Cell { code, .. } => code.as_str(),
            Self::Command(command) => command.text(),
        }
    }

    /// The language, as executions are listed.
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Cell { .. } => CommandKind::Python,
            Self::Command(command) => command.kind(),
        }
    }
}

/// What a job came to: its files are stored, nothing is committed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The entry that the job ran on. To be verified against the ledger before the outcome is committed.
    pub parent: Position,
    /// The whole state after the job.
    pub manifest: Manifest,
    /// What the caller is answered.
    pub report: Report,
}

/// Why a job has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Every kernel is busy, or memory for one more is not there.
    #[error("no kernel is free")]
    Busy,
    /// Too little of the call's time is left to run anything.
    #[error("no time left to run")]
    NoTime,
    /// A kernel contradicts the job's head, which was remembered; or a file of it is not in the bucket, as after a stop. Nothing
    /// ran; with a newer head the job may be sent again.
    #[error("the job's head is stale")]
    Stale,
    /// The work ended, but there was no time left to store its files. The kernel is gone.
    #[error("no time left to store files")]
    TooLate,
    /// The stored variables that the code may need take more disk than a sandbox may use. Nothing ran.
    #[error("more is to be restored than a sandbox may use disk for")]
    TooMuch,
    /// The sandbox's files or ledger could not be read or written.
    #[error("sandbox storage")]
    Store(#[from] StoreError),
    /// The interpreter failed in a way that is not the code's fault: no kernel starts, or it breaks its protocol.
    #[error("run in a kernel")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl RunError {
    /// The interpreter failed; why, for the log.
    pub fn failed(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(why.into())
    }
}

/// Runs code. Two calls for one sandbox may come at once; they run one after the other.
pub trait Interpreter: Send + Sync + 'static {
    /// Brings the sandbox's kernel to the job's head and runs the code there.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Outcome, RunError>>;

    /// Ends the sandbox's kernel, if there is one, and removes what it left on this machine.
    fn discard<'a>(&'a self, sandbox: &'a SandboxId) -> BoxFuture<'a, ()>;

    /// For how long what ran in a sandbox may go on writing to its objects and files after a [`Self::discard`].
    fn writes_after_discard(&self) -> Duration {
        Duration::ZERO
    }

    /// A sandbox was started and will soon run code: slow preparations may begin now. Never fails, takes little time, and may
    /// do nothing.
    fn warm<'a>(&'a self, _sandbox: &'a SandboxId, _manifest: &'a Manifest) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}
