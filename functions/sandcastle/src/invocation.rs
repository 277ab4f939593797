//! What the front end and an interpreter in another process say to each other, as JSON.
//!
//! The interpreter runs beside hostile code. The front end checks its response before it uses it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    CommitId, ContentHash, ExecutionId, SandboxId,
    entry::Position,
    interpreter::{RunError, Work},
    manifest::Manifest,
    report::Report,
    store::StoreError,
};

/// The longest manifest that a request or a response holds itself, in bytes of its JSON; with the most output that a response
/// may hold it stays below 6 MB.
pub const MAX_INLINE_MANIFEST: usize = 1024 * 1024;
/// The longest manifest at all, in bytes of its JSON: [`crate::limits::MAX_NODES`] nodes, their paths in the
/// longest way of writing them, and the rest.
pub const MAX_STORED_MANIFEST: usize = 32 * 1024 * 1024;

/// What an interpreter is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Run a job.
    Run(Box<RunRequest>),
    /// Do nothing: whatever received this is ready.
    Warm,
}

/// A [`crate::interpreter::Job`], and how to reach the sandbox's part of the bucket.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// The execution.
    pub execution: ExecutionId,
    /// The commit id of the outcome.
    pub commit: CommitId,
    /// The newest entry that is known.
    pub position: Position,
    /// True when that entry was read for this job.
    pub fresh: bool,
    /// The state there; read from the ledger when it is too big to travel.
    pub manifest: Option<Arc<Manifest>>,
    /// What is to run.
    pub work: Work,
    /// Its own limit, in milliseconds.
    pub limit_ms: u64,
    /// When the whole call must be answered, in milliseconds of Unix time: time that the invocation itself takes, such as
    /// for a cold start, counts too.
    pub deadline_ms: u64,
    /// The bucket.
    pub bucket: Bucket,
    /// Credentials that reach this sandbox's part of the bucket and nothing else.
    pub credentials: Credentials,
}

/// Which bucket, and how to get there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: Option<String>,
    /// URL of another S3 than Amazon's.
    pub endpoint: Option<String>,
}

/// Credentials that were lent for a while. They print without their secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Access key id.
    pub key_id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token.
    pub session_token: String,
    /// When they end.
    #[serde(with = "time::serde::timestamp")]
    pub expires_at: OffsetDateTime,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("key_id", &self.key_id).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// What an interpreter answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Response {
    /// An [`crate::interpreter::Outcome`].
    Outcome {
        /// The entry that the job ran on.
        parent: Position,
        /// The state after the job.
        manifest: ManifestRef,
        /// What the caller is answered.
        report: Report,
    },
    /// It is ready.
    Warm,
    /// The job has no outcome.
    Failed {
        /// Of which kind.
        kind: FailureKind,
        /// Why, for the log.
        message: String,
    },
}

/// A manifest in a response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum ManifestRef {
    /// Itself.
    Inline(Manifest),
    /// The object that holds it.
    Stored(ContentHash),
}

/// Kinds of [`RunError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// Every kernel is busy.
    Busy,
    /// Too little time was left.
    NoTime,
    /// The head was stale.
    Stale,
    /// The work ended too late to be stored.
    TooLate,
    /// More is to be restored than a sandbox may use disk for.
    TooMuch,
    /// The bucket.
    Store,
    /// Anything else.
    Other,
}

impl From<&RunError> for FailureKind {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Busy => Self::Busy,
            RunError::NoTime => Self::NoTime,
            RunError::Stale | RunError::Store(StoreError::Missing { .. }) => Self::Stale,
            RunError::TooLate => Self::TooLate,
            RunError::TooMuch => Self::TooMuch,
            RunError::Store(_) => Self::Store,
            RunError::Failed(_) => Self::Other,
        }
    }
}

/// A moment so far from now, in milliseconds of Unix time.
pub fn unix_ms(from_now: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.saturating_add(from_now).as_millis()).unwrap_or(u64::MAX)
}

/// How far from now such a moment is; nothing when it is past.
pub fn until_unix_ms(at: u64) -> Duration {
    Duration::from_millis(at.saturating_sub(unix_ms(Duration::ZERO)))
}
