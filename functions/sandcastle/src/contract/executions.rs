//! Executions: what running something answers, and how executions are listed.

use serde::Serialize;
use time::OffsetDateTime;

use crate::{
    ExecutionId, MimeType, WorkingPath,
    report::{FrameShape, Skipped, StateNote},
};

/// Answer to `POST /v2/sandcastles/{id}/execute`.
#[derive(Debug, Serialize)]
pub struct ExecuteResponse {
    /// One element for each `print`; null when the execution failed.
    pub output: Option<Vec<String>>,
    /// `executing Python code: ` and the `repr` of the exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Lines of the traceback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceback: Option<Vec<String>>,
    /// What a failing execution had printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial_output: Option<Vec<String>>,
    /// How long the code ran.
    pub execution_time_ms: u64,
    /// New and changed files.
    pub files: Vec<FileLink>,
    /// Files that were left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files_skipped: Vec<Skipped>,
    /// Data frames that are new, rebound, or changed.
    pub dataframes: Vec<FrameShape>,
    /// What happened to the variables, when they are not simply as the code left them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateNote>,
}

/// A generated file.
#[derive(Debug, Serialize)]
pub struct FileLink {
    /// Path relative to the working folder.
    pub name: WorkingPath,
    /// Presigned URL.
    pub url: String,
    /// Content type that the URL serves.
    pub mime_type: MimeType,
    /// Length, in bytes.
    pub size_bytes: u64,
    /// Until when the URL works, at most.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Answer to `POST /v2/sandcastles/{id}/exec`.
#[derive(Debug, Serialize)]
pub struct ExecResponse {
    /// What it wrote to its standard output.
    pub stdout: String,
    /// What it wrote to its standard error.
    pub stderr: String,
    /// Its exit code; 128 and the signal's number when a signal ended it; -1 when it is not known.
    pub exit_code: i32,
    /// Why it did not end by itself; empty when it did.
    pub error: String,
}

/// Where an execution came from, as it is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// By the API.
    #[default]
    PlatformApi,
    /// By an invocation of the function.
    Invoke,
    /// In a message of an SQS queue.
    Sqs,
    /// In a message of an SNS topic.
    Sns,
    /// In an event of EventBridge.
    EventBridge,
}

impl Source {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformApi => "platform_api",
            Self::Invoke => "invoke",
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
        }
    }
}

/// Answer to `GET /v2/sandcastles/{id}/executions`.
#[derive(Debug, Serialize)]
pub struct ExecutionPage {
    /// Newest first.
    pub executions: Vec<ExecutionListed>,
    /// Where the next page begins; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One execution in the list.
#[derive(Debug, Serialize)]
pub struct ExecutionListed {
    /// The execution.
    pub id: ExecutionId,
    /// `python` or `bash`.
    pub kind: String,
    /// Where the call came from.
    pub source: String,
    /// The code; cut only where no answer could hold it.
    pub input: String,
    /// The start of its output.
    pub output_preview: String,
    /// The error; empty when there was none.
    pub error: String,
    /// How long it ran.
    pub duration_ms: u64,
    /// When it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Answer to `GET /v2/sandcastles/{id}/executions/{execution}`.
#[derive(Debug, Serialize)]
pub struct ExecutionRecord {
    /// As it is listed.
    #[serde(flatten)]
    pub execution: ExecutionListed,
    /// New and changed files, while the sandbox that made them has not been stopped.
    pub files: Vec<FileLink>,
}
