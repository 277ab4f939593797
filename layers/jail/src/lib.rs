//! Confines the calling process, in two moments.
//!
//! The zygote raises a [`Building`] before Python starts: a user namespace when it is not root, and a mount namespace
//! whose root is a small read-only tree of its own. Each kernel is then forked with [`Building::fork`] into a process
//! id namespace, and locks itself into a cell of the building with [`confine_self`] before it reads a byte of user code.
//!
//! Every step reports whether the system gave it, see [`STEPS`]; a caller names the steps that it insists on.
//!
//! What is not bounded here: rlimits count per process, so the memory of a whole cell is `memory_bytes` times
//! `processes` at worst, and shared anonymous memory counts against the address space only. Whoever starts the zygote
//! watches the sum.

mod building;
mod cell;
mod fork;
mod identity;
mod landlock;
mod mounts;
mod rlimits;
mod root;
mod seccomp;
mod steps;
mod sys;
mod syscalls;
mod tree;
mod userns;
mod view;

pub use building::{Building, Ground};
pub use cell::{Confined, JailError, Policy, confine_self};
pub use fork::Fork;
pub use rlimits::Limits;
pub use steps::{STEPS, StepReport};
