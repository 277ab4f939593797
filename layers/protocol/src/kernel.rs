//! What host and kernel say to each other over the kernel's frame socket.
//!
//! The host sends [`Start`] once; the kernel has confined itself by then and answers [`Started`]. Then one [`Execute`] at a
//! time, each answered by one [`Done`]. The end of the kernel is told by the zygote, not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::StepReport;

/// Host to kernel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToKernel {
    /// The first message: what the sandbox looked like when its last kernel left it.
    Start(Start),
    /// Run code.
    Execute(Execute),
}

/// State that a new kernel begins with.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Working directory, relative to the sandbox's files or absolute; the files' own when absent or gone.
    pub cwd: Option<String>,
    /// What differs from the kernel's own environment: a value to set, or `None` for a name to remove.
    pub env: BTreeMap<String, Option<String>>,
    /// Names whose values could not be kept; using one is a NameError that says so.
    pub lost: Vec<LostName>,
    /// Number of calls that went before in this sandbox, so that `<cell N>` goes on.
    pub calls_before: u64,
}

/// A top-level name whose value is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostName {
    /// The name.
    pub name: String,
    /// Why, for the user.
    pub reason: String,
}

/// One execution.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Execute {
    /// 32 hex digits: the nonce of this call's records in the output pipe.
    pub nonce: String,
    /// Python source.
    pub code: String,
    /// Show the value of a last bare expression.
    pub display_last: bool,
    /// The limit that the call runs under, in milliseconds, for the text of its TimeoutError. The host enforces it.
    pub limit_ms: u64,
}

/// Kernel to host. Hostile from the moment the kernel has read user code.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromKernel {
    /// Confined and ready, or not to be used because a required step did not hold.
    Started(Started),
    /// A call has ended.
    Done(Done),
}

/// What the confinement came to.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Started {
    /// Each step.
    pub steps: Vec<StepReport>,
    /// Why the kernel refuses to run, when a required step did not hold; it ends after saying so.
    pub refused: Option<String>,
}

/// How a call ended, and what the sandbox looks like after it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// The exception, when there was one.
    pub failure: Option<Failure>,
    /// True when the host's interrupt ended the call: [`Failure::error`] is a TimeoutError then.
    pub interrupted: bool,
    /// Every data frame bound to a top-level name.
    pub dataframes: Vec<Frame>,
    /// Top-level names that user code has bound, modules left out; at most 10,000, each at most 256 bytes.
    pub names: Vec<String>,
    /// Of the names in [`Start::lost`], those not bound again and not deleted.
    pub still_lost: Vec<String>,
    /// The working directory: relative to the sandbox's files (`""` is the files' own) or absolute.
    pub cwd: String,
    /// How the environment differs from what a new kernel begins with; at most 64 KiB in all.
    pub env: BTreeMap<String, Option<String>>,
}

/// An exception that ended a call.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Failure {
    /// `repr` of the exception, at most 64 KiB.
    pub error: String,
    /// The traceback's lines, cut in the middle above 32 KiB in all.
    pub traceback: Vec<String>,
}

/// One data frame.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Frame {
    /// The top-level name.
    pub name: String,
    /// Rows.
    pub num_rows: u64,
    /// Columns.
    pub num_cols: u64,
    /// Memory, in bytes, as the library estimates it.
    pub memory_bytes: u64,
    /// New, bound anew, or changed in this call.
    pub changed: bool,
}
