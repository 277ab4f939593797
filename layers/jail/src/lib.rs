//! Confines the calling process, in two phases.
//!
//! 1. The zygote prepares a [`Jail`] before Python starts: a user namespace when it is not root, and a mount namespace with
//!    a small read-only root.
//! 2. It forks each kernel with [`Jail::fork`] into a process id namespace with a process 1. The kernel confines itself with
//!    [`confine_self`] before it reads any user code. The result is its cell.
//!
//! Each [`Step`](sandcastle_protocol::Step) reports whether the system granted it. The caller names the steps that it
//! requires.
//!
//! Not limited here: Linux counts resource limits per process, so all processes of a cell together can use `memory_bytes`
//! times `processes`, and shared anonymous memory counts as address space only. Whoever starts the zygote must watch the
//! sum.

mod config;
mod confine;
mod fork_into;
mod identity;
mod init;
mod jail;
mod landlock;
mod mounts;
mod paths;
mod pid_namespace;
mod privilege;
mod rlimits;
mod root;
mod seccomp;
mod slot_mounts;
mod steps;
mod sys;
mod syscalls;
mod userns;

pub use config::JailConfig;
pub use confine::{Confined, JailError, Policy, confine_self};
pub use jail::Jail;
pub use pid_namespace::Fork;
