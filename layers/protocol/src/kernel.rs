//! What host and kernel say to each other over the kernel's frame socket.
//!
//! The host sends [`Start`] once; the kernel has confined itself by then and answers [`Started`]. Then one [`Execute`] at a
//! time, each answered by one [`Done`]. Or the first message is a [`Program`]: it is answered by [`Started`] too, and then
//! the program runs in place of a kernel. The end of either is told by the zygote, not here.

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
    /// The first message to a process that is to be no kernel.
    Program(Program),
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

/// A command that runs as a process of its own, and is all that there is in its cell. Its standard output goes to the output
/// pipe as it is, its standard error to a pipe of its own. The process that was forked ends with its exit code, or with 128
/// and the number of the signal that ended it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What reads the source.
    pub shell: Shell,
    /// The source; at most 131,071 bytes, for it becomes an argument (execve(2)).
    pub source: String,
    /// Variables on top of a new kernel's environment.
    pub env: BTreeMap<String, String>,
}

/// What reads the source of a [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shell {
    /// `bash -c`.
    Bash,
    /// `python -c`, the kernel's own Python.
    Python,
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
