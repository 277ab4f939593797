//! What a job holds of a sandbox on this machine: between jobs, before its work, and after it.

use std::sync::Arc;

use sandcastle::{CommitId, manifest::Manifest};

use sandcastle_protocol::StoredGroup;

use super::held_folder::HeldFolder;
use crate::{
    kernel::Kernel,
    run::{outcome::WorkEnd, start_state::StartState},
    variables::{Given, Vault},
};

/// A kernel between two jobs.
pub(super) struct IdleKernel {
    pub(super) kernel: Kernel,
    /// The commit whose variables it has; pending until a head names it.
    pub(super) variables_at: Option<CommitId>,
    /// The folder that it works in.
    pub(super) folder: HeldFolder,
}

/// A kernel at a job's head.
pub(super) struct ReadyKernel {
    pub(super) kernel: Kernel,
    pub(super) folder: HeldFolder,
    pub(super) start: StartState,
    /// What is stored, for a new one.
    pub(super) stored: Option<Given<Vec<StoredGroup>>>,
    /// Where it can ask for more.
    pub(super) vault: Vault,
}

/// A folder at a job's head, for a command, and the kernel that works there, which is stopped.
pub(super) struct ReadyFolder {
    pub(super) kernel: Option<Kernel>,
    pub(super) folder: HeldFolder,
}

/// Work that has ended, before its files are stored.
pub(super) struct Finished {
    /// The kernel, if it lives, and is stopped.
    pub(super) kernel: Option<Kernel>,
    /// The folder.
    pub(super) folder: HeldFolder,
    /// Nothing that the work has started lives: only what comes next writes to the folder.
    pub(super) at_rest: bool,
    /// What the work began with.
    pub(super) start: StartState,
    /// What it came to.
    pub(super) end: WorkEnd,
}

impl ReadyKernel {
    /// This kernel, in which nothing has run, as it goes back to the pool. `None` for a new one, which lacks the sandbox's variables.
    pub(super) fn unused(self) -> Option<IdleKernel> {
        let Self { kernel, folder, start, .. } = self;
        let variables_at = start.parent.variables_at;
        (!start.is_cold).then_some(IdleKernel { kernel, variables_at, folder })
    }
}

impl ReadyFolder {
    /// The kernel, in which nothing has run, as it goes back to the pool.
    pub(super) fn unused(self, parent: &Arc<Manifest>) -> Option<IdleKernel> {
        let Self { kernel, folder } = self;
        Some(IdleKernel { kernel: kernel?, variables_at: parent.variables_at, folder })
    }
}
