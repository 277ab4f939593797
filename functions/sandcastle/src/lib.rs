//! The domain of Sandcastle: contract types, ids, principals and scopes, limits, the ledger and its rules, and the ports
//! through which storage and interpreters are reached. It knows no AWS, no HTTP, no Python and no operating system.

mod hash;
mod ids;
mod principal;
mod values;

pub mod contract;
pub mod counters;
pub mod entry;
pub mod interpreter;
pub mod invocation;
pub mod layout;
pub mod ledger;
pub mod limits;
pub mod manifest;
pub mod report;
pub mod service;
pub mod store;
pub mod variables;

pub use hash::{ContentHash, ContentHasher};
pub use ids::{CommitId, ExecutionId, IdError, SandboxId};
pub use principal::{KeyRecord, Principal, Scope, Secret};
pub use values::{
    Code, Command, CommandKind, EnvName, EnvValue, FileMode, IdempotencyKey, MimeType, Name, PathError, RuntimeVersion,
    VariableName, WorkError, WorkingDirectory, WorkingPath,
};
