//! What one execution came to, as it is answered, and recorded for an idempotency key.

use serde::{Deserialize, Serialize};

use crate::{ContentHash, MimeType, VariableName, WorkingPath, limits::MAX_LISTED_LOST};

/// The result of an execution, without its presigned URLs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Printed elements; see [`crate::limits::OutputBudget`].
    pub output: Vec<String>,
    /// Of a command, what it wrote and how it ended; nothing when its environment died with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessEnd>,
    /// The exception or death that ended it, if any.
    pub failure: Option<Failure>,
    /// The kernel ended in this run, and every value with it.
    #[serde(default)]
    pub kernel_died: bool,
    /// How long the code ran, in milliseconds.
    pub duration_ms: u64,
    /// New and changed files, at most [`crate::limits::MAX_FILES`].
    pub files: Vec<GeneratedFile>,
    /// Files that were left out, and why.
    pub files_skipped: Vec<Skipped>,
    /// Data frames that are new, rebound, or changed.
    pub dataframes: Vec<FrameShape>,
    /// What happened to the variables, when they are not simply as the code left them.
    pub state: Option<StateNote>,
}

/// What a command wrote, both within one [`crate::limits::OutputBudget`], and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessEnd {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Its exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
}

/// Why an execution failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `repr` of the exception, or a text of that form for a death.
    pub error: String,
    /// Lines of the traceback.
    pub traceback: Vec<String>,
}

/// A file that the caller gets a URL for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedFile {
    /// Where it is in the working folder.
    pub name: WorkingPath,
    /// Its content type.
    pub mime_type: MimeType,
    /// Digest of the bytes.
    pub hash: ContentHash,
    /// Length, in bytes.
    pub size: u64,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Path relative to the working folder.
    pub name: String,
    /// Why, for the caller.
    pub reason: String,
}

/// Name and shape of a data frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameShape {
    /// The name it is bound to.
    pub name: VariableName,
    /// Rows.
    pub num_rows: u64,
    /// Columns.
    pub num_cols: u64,
}

/// What happened to the variables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateNote {
    /// True when every variable is as the code left it.
    pub kept: bool,
    /// What happened, for the caller.
    pub reason: String,
    /// What is gone.
    pub lost: Vec<Lost>,
}

impl StateNote {
    /// These names are lost, for these reasons; at most [`MAX_LISTED_LOST`] of them are listed.
    pub fn lost(reason: String, mut names: Vec<(VariableName, String)>) -> Self {
        let all = names.len();
        names.truncate(MAX_LISTED_LOST);
        let listed = names.len();
        let reason = if all > listed { format!("{reason}; {all} names are lost, here are {listed}") } else { reason };
        let lost = names.into_iter().map(|(name, reason)| Lost { name, reason }).collect();
        Self { kept: false, reason, lost }
    }
}

/// What a call that killed its kernel leaves, for the caller.
pub const ROLLED_BACK: &str = "variables are as they were before this call";

/// A name whose value is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The name.
    pub name: VariableName,
    /// Why, for the caller.
    pub reason: String,
}
