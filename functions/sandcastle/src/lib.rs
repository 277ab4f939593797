//! The domain of Sandcastle: contract types, ids, principals and scopes, limits, the ledger and its rules, and the ports
//! through which storage and interpreters are reached. It knows no AWS, no HTTP, no Python and no operating system.

mod hash;
mod ids;
pub mod limits;
mod principal;

pub mod contract;
pub mod entry;
pub mod interpreter;
pub mod keys;
pub mod ledger;
pub mod manifest;
pub mod metrics;
pub mod remote;
pub mod report;
pub mod service;
pub mod store;

pub use hash::{ContentHash, ContentHasher};
pub use ids::{CommitId, ExecutionId, IdError, Name, SandboxId};
pub use principal::{KeyRecord, Principal, Scope, Secret};
