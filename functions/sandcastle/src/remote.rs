//! What ExecuteFunction and InterpreterFunction say to each other, as JSON.
//!
//! The interpreter's side of it runs beside hostile code. What it answers is checked by the other side before it is used.

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
};

/// The longest event or answer of a synchronous invocation, in bytes (gettingstarted-limits.html: 6 MB).
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// The longest manifest that travels in a request or an answer, in bytes of its JSON; with the most output that an answer
/// may hold it stays below [`MAX_PAYLOAD`].
pub const MAX_CARRIED: usize = 1024 * 1024;
/// The longest manifest at all, in bytes of its JSON: [`crate::limits::MAX_NODES`] nodes with the longest paths, and room.
pub const MAX_STORED: usize = 32 * 1024 * 1024;

/// What the interpreter is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Run this.
    Run(Box<Task>),
    /// Nothing: an environment that got this has been made ready.
    Warm,
}

/// A [`crate::interpreter::Job`] on its way, with what it takes to reach the sandbox's part of the bucket.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    /// The sandbox.
    pub sandbox: SandboxId,
    /// The call.
    pub execution: ExecutionId,
    /// The commit id of the run's outcome.
    pub commit: CommitId,
    /// The newest entry that is known.
    pub position: Position,
    /// The state there; read from the ledger when it is too big to travel.
    pub manifest: Option<Arc<Manifest>>,
    /// What is to run.
    pub work: Work,
    /// Its own limit, in milliseconds.
    pub limit_ms: u64,
    /// When the whole call has to be answered, in milliseconds of Unix time: time that the invocation itself takes, such as
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

/// What the interpreter answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Answer {
    /// A [`crate::interpreter::Ran`].
    Ran {
        /// The entry that the kernel stood on.
        base: Position,
        /// The state after the run.
        manifest: Carried,
        /// What the caller is answered.
        report: Report,
    },
    /// It is ready.
    Warm,
    /// There was no run.
    Failed {
        /// Of which kind.
        kind: Failed,
        /// The story, for the log.
        what: String,
    },
}

/// A manifest in an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Carried {
    /// Itself.
    Whole(Manifest),
    /// The object that holds it.
    Stored(ContentHash),
}

/// Kinds of [`RunError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failed {
    /// Every kernel is busy.
    Busy,
    /// Too little time was left.
    NoTime,
    /// The bucket.
    Store,
    /// Anything else.
    Kernel,
}

impl From<RunError> for Answer {
    fn from(error: RunError) -> Self {
        let kind = match &error {
            RunError::Busy => Failed::Busy,
            RunError::NoTime => Failed::NoTime,
            RunError::Store(_) => Failed::Store,
            RunError::Kernel { .. } => Failed::Kernel,
        };
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        Self::Failed { kind, what: causes.map(ToString::to_string).collect::<Vec<_>>().join(": ") }
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

/// In base64 the longest code fits into an event, whatever bytes it is made of; a JSON string may take six times as many.
pub(crate) mod base64_text {
    use std::sync::Arc;

    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(text.as_bytes()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(String::from_utf8(bytes).map_err(D::Error::custom)?.into())
    }
}
