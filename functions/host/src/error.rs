//! Why a host of kernels does not start.

use std::{error::Error, io, path::PathBuf, sync::Arc};

use sandcastle_protocol::FrameError;

/// Why a host could not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The folder for kernels could not be made ready.
    #[error("prepare {path}")]
    RunDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another host uses the folder for kernels.
    #[error("{path} is in use by another host")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A folder of the settings is not there.
    #[error("find {path}")]
    MissingFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel binary could not be run.
    #[error("run {path}")]
    Spawn {
        /// The binary.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The zygote could not set the interpreter up.
    #[error("set up the interpreter: {message}")]
    Setup {
        /// The zygote's words.
        message: String,
    },
    /// The zygote ended, or said nothing for too long, while it was being set up.
    #[error("the zygote {what}; it wrote: {wrote}")]
    Silent {
        /// What it did.
        what: &'static str,
        /// The end of what it wrote to its standard error.
        wrote: String,
    },
    /// What the zygote said could not be read, as when the binary is of another build.
    #[error("talk to the zygote")]
    Talk(#[from] FrameError),
    /// The zygote that others wait for too could not be started.
    #[error(transparent)]
    Zygote(#[from] Arc<HostError>),
    /// A trial kernel could not be started, or not confined as required.
    #[error("start a trial kernel")]
    Trial(#[source] Box<dyn Error + Send + Sync>),
}
