//! The bodies that callers are answered, field by field as they are published.

mod error;
mod executions;
mod files;
mod sandboxes;

pub use error::{ErrorBody, ErrorDetail};
pub use executions::{
    ExecResponse, ExecuteResponse, ExecutionListed, ExecutionPage, ExecutionRecord, FileLink, Source,
};
pub use files::{FileList, FileListed, FileUploaded, UploadTarget};
pub use sandboxes::{SandboxListed, SandboxPage, StartResponse, StatusFilter, StatusResponse, Success};
