//! Messages between host and zygote on the control socket (descriptor 3 of the zygote).
//!
//! The host sends [`Setup`] once and the zygote answers [`FromZygote::Ready`]. After that the host sends a [`Fork`] for each
//! kernel. A preloading zygote imports [`PRELOADED`](crate::PRELOADED) between the forks, one module at a time. Descriptors come with it (`SCM_RIGHTS`, unix(7)), in this order: the kernel's frame socket, the write end of its
//! output pipe, and the exchange file (see [`Variables`](crate::Variables)); for a [`Program`](crate::Program) instead of that
//! file the write end of its error pipe.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::confinement::Cell;

/// Host to zygote.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ToZygote {
    /// The first message.
    Setup(Setup),
    /// Fork a kernel.
    Fork(Fork),
}

/// Settings of a zygote, the same for all its kernels.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The prefix that holds `lib/python3.X`. When absent: the prefix of the Python that the kernel was built against.
    pub python_home: Option<PathBuf>,
    /// Folder of the installed packages; appended to `sys.path`.
    pub site_packages: Option<PathBuf>,
    /// Import [`PRELOADED`](crate::PRELOADED) after `Ready`.
    pub preload: bool,
    /// Hold all variables against what each call may have changed, which takes long.
    pub audit: bool,
    /// How each kernel is confined.
    pub cell: Cell,
}

/// One kernel to fork.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Identifies the kernel in later messages. Never used twice.
    pub name: u64,
    /// The name of its folder below [`Cell::kernels_dir`], as a decimal number. A program uses the folder of a kernel.
    pub slot: u64,
    /// The unprivileged user id, and group id, that the kernel runs under if the zygote is root.
    pub uid: u32,
    /// It runs a program, and is no kernel.
    pub program: bool,
    /// Fork when so many of [`PRELOADED`](crate::PRELOADED) have been imported.
    pub after: usize,
}

/// Zygote to host.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum FromZygote {
    /// Setup is done; the zygote accepts [`Fork`].
    Ready {
        /// The version of the embedded Python, such as `3.13.0`.
        python: String,
    },
    /// So many of [`PRELOADED`](crate::PRELOADED) have been imported, those counted that are not installed.
    Imported {
        /// Their number.
        modules: usize,
    },
    /// Setup failed; the zygote ends.
    SetupFailed {
        /// Why, for the log.
        message: String,
    },
    /// The kernel runs. It waits for its first frame, so the process id cannot be reused before the host has sent one.
    Forked {
        /// The name of [`Fork`].
        name: u64,
        /// Its process id in the namespace of zygote and host: the kernel's, or that of process 1 of its process id
        /// namespace, whose first child it is.
        pid: i32,
    },
    /// The fork failed; the zygote goes on.
    ForkFailed {
        /// The name of [`Fork`].
        name: u64,
        /// Why, for the log.
        message: String,
    },
    /// A kernel has ended and has been reaped (wait(2)).
    Ended {
        /// The name of [`Fork`].
        name: u64,
        /// How.
        how: Ended,
    },
}

/// How a process ended, as wait(2) reports it.
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
    /// The exit code as shells report it: 128 plus the signal's number if a signal ended the process.
    pub fn exit_code(self) -> i32 {
        match self {
            Self::Exited { code } => code,
            Self::Signaled { signal } => 128_i32.saturating_add(signal),
        }
    }
}
