//! What a job holds of a kernel: between jobs, before its work, and after it.

use std::sync::Arc;

use sandcastle::{entry::Position, manifest::Manifest};

use crate::{
    folder::Snapshot,
    kernel::Kernel,
    run::outcome::{StartState, WorkEnd},
};

/// A kernel between two jobs.
pub(super) struct IdleKernel {
    pub(super) kernel: Kernel,
    /// Where it stands; pending until a head confirms it.
    pub(super) at: Position,
    /// What its folder held then.
    pub(super) snapshot: Snapshot,
    /// The state then.
    pub(super) manifest: Arc<Manifest>,
}

/// A kernel at a job's head.
pub(super) struct ReadyKernel {
    pub(super) kernel: Kernel,
    pub(super) snapshot: Snapshot,
    pub(super) start: StartState,
}

/// Work that has ended, before its files are stored.
pub(super) struct Finished {
    /// The kernel, and what the work began with.
    pub(super) ready: ReadyKernel,
    /// The kernel lives and is stopped, and nothing that it or a command started lives.
    pub(super) stopped: bool,
    /// What it came to.
    pub(super) end: WorkEnd,
}
