//! What host and zygote say to each other over the control socket (descriptor 3 of the zygote).
//!
//! The host sends [`Setup`] once, the zygote answers [`FromZygote::Ready`]. Then each [`Fork`] comes with two descriptors
//! (`SCM_RIGHTS`, in this order: the kernel's frame socket, the write end of its output pipe); a third one, where there is
//! one, is the write end of the pipe for a program's errors.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Host to zygote.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToZygote {
    /// The first message.
    Setup(Setup),
    /// Fork a kernel.
    Fork(Fork),
}

/// How the interpreter is set up, for every kernel of this zygote.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The prefix that holds `lib/python3.X`; the one the kernel was built against when absent.
    pub python_home: Option<PathBuf>,
    /// Folder of the data packages, put on `sys.path`.
    pub site_packages: Option<PathBuf>,
    /// Import the usual packages before the first fork.
    pub preload: bool,
    /// The cell that kernels are put in.
    pub cell: Cell,
}

/// What confines a kernel, as far as it is the same for all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// Host folder with one subfolder per kernel, named by [`Fork::slot`], holding `files/` and `tmp/`.
    pub kernels_dir: PathBuf,
    /// What kernels may read besides the system's libraries, such as the layer.
    pub readable: Vec<PathBuf>,
    /// Steps without which a kernel must not run; names as in [`StepReport::step`]. Empty: best effort.
    pub required: Vec<String>,
    /// Limits of each kernel.
    pub limits: Limits,
}

/// Resource limits of one kernel and of each process it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Private writable memory, in bytes.
    pub memory_bytes: u64,
    /// Processes and threads, the kernel's own included.
    pub processes: u64,
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
}

/// One kernel to fork.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Names it in later messages; never used twice.
    pub name: u64,
    /// Its folder below [`Cell::kernels_dir`], in decimal. A program shares that of a kernel.
    pub slot: u64,
    /// The unprivileged user id (and group id) that the kernel takes when the zygote is root.
    pub uid: u32,
}

/// Zygote to host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromZygote {
    /// Setup is done, kernels can be forked.
    Ready {
        /// The version of the embedded Python, such as `3.13.0`.
        python: String,
    },
    /// Setup failed; the zygote ends.
    SetupFailed {
        /// Why, for the log.
        message: String,
    },
    /// The kernel runs. It waits for its first frame, so the pid is its own when the host looks.
    Forked {
        /// The name of [`Fork`].
        name: u64,
        /// The kernel's pid as the zygote, and so the host, sees it.
        pid: i32,
    },
    /// No kernel could be forked.
    ForkFailed {
        /// The name of [`Fork`].
        name: u64,
        /// Why, for the log.
        message: String,
    },
    /// A kernel has ended and was reaped.
    Ended {
        /// The name of [`Fork`].
        name: u64,
        /// How.
        how: Ended,
    },
}

/// How a process ended, as wait(2) tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ended {
    /// By `_exit`.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// By a signal.
    Signaled {
        /// The signal's number.
        signal: i32,
    },
}

impl Ended {
    /// The exit code as a shell has it: 128 and the signal's number where a signal ended the process.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Exited { code } => code,
            Self::Signaled { signal } => 128_i32.saturating_add(signal),
        }
    }
}

/// One step of the confinement, and whether the system gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// The step's name, such as `seccomp`.
    pub step: String,
    /// True when it holds, false when the system refused it.
    pub held: bool,
    /// Why it does not hold, for the log; empty when it does.
    pub reason: String,
}
