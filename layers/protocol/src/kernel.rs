//! Messages between host and kernel on the kernel's frame socket.
//!
//! The kernel confines itself before it reads the first message. That is [`Start`], which it answers with [`Started`]. Then
//! the host sends one [`Execute`] at a time. The kernel may ask for stored variables and restores them, says when the code has
//! ended, stores the variables, and answers with one [`Done`].
//!
//! Some messages of the host come with open files.
//!
//! Or the first message is a [`Program`]: the process answers [`Started`] too, and then runs the program. How the process
//! ended comes from the zygote; see [`FromZygote::Ended`](crate::FromZygote::Ended).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    confinement::StepReport,
    variables::{Fetched, LostName, StoredGroup, Variables},
};

/// Host to kernel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToKernel {
    /// The first message: the state that the sandbox's last kernel left.
    Start(Start),
    /// Run code. Comes with the files that it names, a new exchange file before all others.
    Execute(Execute),
    /// Answers [`FromKernel::Need`]. Comes with the files that it names.
    Fetched(Fetched),
    /// The first message to a process that runs a program and not a kernel.
    Program(Program),
}

/// The state that a new kernel begins with.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Working directory, absolute or relative to the sandbox's files. When it is absent or no longer exists, the kernel
    /// begins in the folder of the files.
    pub cwd: Option<String>,
    /// Changes to the environment of a new kernel: a value to set, or `None` for a variable to remove.
    pub env: BTreeMap<String, Option<String>>,
    /// Names whose values were lost. Code that uses one gets a NameError with the reason.
    pub lost: Vec<LostName>,
    /// Number of earlier calls in this sandbox. The first cell's file name is `<cell calls_before + 1>`.
    pub calls_before: u64,
}

/// Code to run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Execute {
    /// The number of the call; its [`Done`] has the same.
    pub call: u64,
    /// The nonce of this call's records in the output pipe, as 32 hex digits.
    pub nonce: String,
    /// Python source.
    pub code: String,
    /// Show the value of the code's last statement if that is an expression.
    pub display_last: bool,
    /// The time limit of the call, in milliseconds, for the text of its TimeoutError. The host enforces it.
    pub limit_ms: u64,
    /// A new exchange file comes with this; otherwise the last one is used again.
    pub new_exchange: bool,
    /// All groups that are stored, in the order of restoring; in the first call of a kernel only.
    pub stored: Option<Vec<StoredGroup>>,
    /// The call needs all of them, whatever its code shows.
    pub everything: bool,
}

/// A program that runs in its own cell, without a kernel. Its standard output goes to the output pipe unchanged, its
/// standard error to its own pipe. The forked process ends with the program's exit code, or with 128 plus the number of the
/// signal that ended it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What runs the source.
    pub shell: Shell,
    /// The source; at most [`MAX_PROGRAM_BYTES`](crate::limits::MAX_PROGRAM_BYTES).
    pub source: String,
    /// Variables to set in addition to a new kernel's environment.
    pub env: BTreeMap<String, String>,
}

/// What runs the source of a [`Program`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shell {
    /// `bash -c`.
    Bash,
    /// `python -c`, with the kernel's own Python.
    Python,
}

/// Kernel to host. Untrusted from the moment the kernel has read user code.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromKernel {
    /// Answers the first message: the kernel is ready, or refuses to run.
    Started(Started),
    /// The code of a call needs these groups. Answered by [`ToKernel::Fetched`].
    Need(Need),
    /// What the call needs is restored, and its code begins.
    Restored,
    /// What the call needs could not be fetched, or there was no time to restore it: its code does not run.
    NotRun,
    /// The code of a call has ended; its variables are being stored.
    CodeEnded,
    /// A call has ended.
    Done(Box<Done>),
}

/// The result of the confinement.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Started {
    /// Every step, in the order of [`Step::ALL`](crate::Step::ALL). Empty when the kernel refuses to run.
    pub steps: Vec<StepReport>,
    /// Why the kernel refuses to run, when a required step does not hold. The process ends after this message.
    pub refused: Option<String>,
}

/// Groups that are stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Need {
    /// Their ids.
    pub groups: Vec<u64>,
}

/// How a call ended, and the sandbox's state after it. [`limits`](crate::limits) bounds every field.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Done {
    /// The number of the call that ended.
    pub call: u64,
    /// The exception that ended the call, if any.
    pub failure: Option<Failure>,
    /// True when the host's interrupt ended the call: [`Failure::error`] is a TimeoutError then.
    pub interrupted: bool,
    /// Every data frame that a top-level name is bound to.
    pub dataframes: Vec<Frame>,
    /// Top-level names that user code has bound.
    pub names: Vec<String>,
    /// The variables; none when they are as they were before the call.
    pub variables: Option<Variables>,
    /// Names whose values are stored and not in this kernel.
    pub not_loaded: Vec<String>,
    /// Names that could not be restored, and why.
    pub not_restored: Vec<LostName>,
    /// True when the code has looked for a value that is stored and not in this kernel. Nothing that it has done may count.
    pub missed: bool,
    /// The names of [`Start::lost`] that have not been bound again or deleted.
    pub still_lost: Vec<String>,
    /// The working directory: relative to the sandbox's files (`""` is their own folder) or absolute.
    pub cwd: String,
    /// Changes to the environment of a new kernel: a value that was set, or `None` for a variable that was removed.
    pub env: BTreeMap<String, Option<String>>,
}

/// An exception that ended a call.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Failure {
    /// `repr` of the exception.
    pub error: String,
    /// The lines of the traceback. Middle lines are left out when it is too long.
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
    /// Memory in bytes, as the library estimates it.
    pub memory_bytes: u64,
    /// True when the frame is new, newly bound to this name, or was changed by this call.
    pub changed: bool,
}
