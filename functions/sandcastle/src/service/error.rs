//! Why a call is not carried out.

use std::num::{NonZeroU32, NonZeroU64};

use crate::{interpreter::RunError, store::StoreError};

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No such sandbox, or none that this caller may know of.
    #[error("no such sandbox")]
    NotFound,
    /// No such file in this sandbox.
    #[error("no such file")]
    NoFile,
    /// Nothing was uploaded under this id since the sandbox was started.
    #[error("no such upload in this sandbox; PUT the file to its url first")]
    NotUploaded,
    /// No such execution of this sandbox.
    #[error("no such execution")]
    NoExecution,
    /// The caller may know of it, but not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Other calls kept changing the sandbox; trying again may help.
    #[error("{0}")]
    Conflict(&'static str),
    /// An idempotency key was used for something else.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The member has as many running sandboxes as the key allows.
    #[error("the key's limit of {0} running sandboxes is reached")]
    TooManySandboxes(u32),
    /// So many sandboxes were started in the last hour, and still run.
    #[error("{who} has started {most} sandboxes in the last hour")]
    TooManyStarts {
        /// Whose they are, for the caller.
        who: &'static str,
        /// The limit.
        most: NonZeroU32,
    },
    /// The organisation has stored as much today as it may in a day.
    #[error("the organisation's limit of {most} bytes a day is reached")]
    TooMuchStored {
        /// The limit, in bytes.
        most: NonZeroU64,
    },
    /// No kernel was free in time.
    #[error("no kernel is free")]
    Busy,
    /// Storage failed.
    #[error("storage")]
    Store(#[from] StoreError),
    /// The interpreter failed.
    #[error("interpreter")]
    Interpreter(#[source] RunError),
}
