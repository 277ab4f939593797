//! The bodies of the contract's requests and responses, field by field as they are published.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    ExecutionId, Name, SandboxId,
    interpreter::Command,
    manifest::{Dataframe, Status},
    report::{FrameShape, Skipped, StateNote},
};

/// Body of `POST /v2/sandcastles`.
#[derive(Debug, Default, Deserialize)]
pub struct StartRequest {
    /// A sandbox of one's own to start again.
    pub sandbox_id: Option<String>,
}

/// Answer to `POST /v2/sandcastles`.
#[derive(Debug, Serialize)]
pub struct StartResponse {
    /// The sandbox.
    pub sandbox_id: SandboxId,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// Body of `POST /v2/sandcastles/{id}/execute`.
#[derive(Debug)]
pub struct ExecuteRequest {
    /// Python source.
    pub code: String,
    /// Show the value of a last bare expression as one more element of output.
    pub display_last: bool,
    /// A limit on the code below the deployment's.
    pub limit: Option<Duration>,
    /// The way that it came.
    pub source: Source,
}

/// Body of `POST /v2/sandcastles/{id}/exec`.
#[derive(Debug)]
pub struct ExecRequest {
    /// What is to run.
    pub command: Command,
    /// A limit on it below the deployment's.
    pub limit: Option<Duration>,
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

/// The way that an execution came, as it is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Over HTTP.
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
    /// Data frames that are new, bound anew, or changed.
    pub dataframes: Vec<FrameShape>,
    /// What became of the variables, when they are not simply as the code left them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateNote>,
}

/// A generated file.
#[derive(Debug, Serialize)]
pub struct FileLink {
    /// Path relative to the working folder.
    pub name: String,
    /// Presigned URL.
    pub url: String,
    /// Content type that the URL serves.
    pub mime_type: String,
    /// Length, in bytes.
    pub size_bytes: u64,
    /// Until when the URL works, at most.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// Answer to `GET /v2/sandcastles/{id}`.
#[derive(Debug, Serialize)]
pub struct StatusResponse {
    /// Running or stopped.
    pub status: Status,
    /// Memory for people, such as `12.3 MB`; only while running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_usage: Option<String>,
    /// Loaded data frames; only while running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataframes: Option<Vec<Dataframe>>,
}

/// Which sandboxes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    /// Those that execute.
    #[default]
    Running,
    /// Those that do not.
    Stopped,
    /// Both, the running ones first.
    All,
}

/// Answer to `GET /v2/sandcastles`.
#[derive(Debug, Serialize)]
pub struct SandboxPage {
    /// Newest first.
    pub sandboxes: Vec<SandboxListed>,
    /// Where the next page begins; none on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One sandbox in the list.
#[derive(Debug, Serialize)]
pub struct SandboxListed {
    /// The sandbox.
    pub sandbox_id: SandboxId,
    /// Running or stopped; may lag.
    pub status: Status,
    /// Its owner.
    pub member_id: Name,
    /// The chat it belongs to; Sandcastle has none.
    pub chat_id: Option<String>,
    /// When it was started.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it was stopped.
    #[serde(with = "time::serde::rfc3339::option")]
    pub released_at: Option<OffsetDateTime>,
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
    /// The code, whole.
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

/// Answer to a stop, and to the deletion of a file.
#[derive(Debug, Serialize)]
pub struct Success {
    /// Always true.
    pub success: bool,
}

/// Answer to `GET /v2/sandcastles/{id}/files`.
#[derive(Debug, Serialize)]
pub struct FileList {
    /// One level, by name.
    pub files: Vec<FileListed>,
}

/// Something in the working folder.
#[derive(Debug, Serialize)]
pub struct FileListed {
    /// Its name in its folder.
    pub name: String,
    /// Length, in bytes; 0 for a folder.
    pub size_bytes: u64,
    /// True for a folder.
    pub is_dir: bool,
    /// Last modification; of a folder, when the sandbox last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub modified_at: OffsetDateTime,
}

/// Answer to an upload.
#[derive(Debug, Serialize)]
pub struct FileUploaded {
    /// The name it has in the working folder.
    pub filename: String,
    /// Length, in bytes.
    pub size_bytes: u64,
}

/// Answer to the announcement of an upload: where to PUT the file.
#[derive(Debug, Serialize)]
pub struct UploadPlace {
    /// What takes the file over once it is there.
    pub upload_id: String,
    /// Presigned URL.
    pub url: String,
    /// Always `PUT`.
    pub method: &'static str,
    /// Headers that the request has to have.
    pub headers: BTreeMap<&'static str, String>,
    /// Until when the URL works, at most.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// The error envelope.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub struct ErrorDetail {
    /// For programs.
    pub code: &'static str,
    /// For people: what to do about it, and nothing of the inside.
    pub message: String,
}
