//! What a job holds of a kernel: between jobs, before its work, and after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sandcastle::{CommitId, WorkingPath, manifest::Node};

use crate::{
    folder::Snapshot,
    kernel::Kernel,
    run::outcome::{StartState, WorkEnd},
};

/// A kernel between two jobs.
pub(super) struct IdleKernel {
    pub(super) kernel: Kernel,
    /// The commit whose variables it has; pending until a head names it.
    pub(super) variables_at: Option<CommitId>,
    /// What its folder held after its last job.
    pub(super) snapshot: Snapshot,
    /// The state of its folder.
    pub(super) files: Arc<BTreeMap<WorkingPath, Node>>,
    /// Paths at which the folder may differ from that, because an update was broken off.
    pub(super) unsure: BTreeSet<WorkingPath>,
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
