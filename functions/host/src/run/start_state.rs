//! What a job starts from: the state of its sandbox, and what of that a new kernel lacks.

use std::{collections::BTreeMap, sync::Arc};

use sandcastle::{VariableName, manifest::Manifest, report::StateNote};

/// What a job starts from.
pub(crate) struct StartState {
    /// The state at the position that the job runs on.
    pub(crate) parent: Arc<Manifest>,
    /// Names whose values were gone when the job began: those of the manifest, and those that a new kernel came without.
    pub(crate) lost: BTreeMap<VariableName, String>,
    /// Of them, the names that became lost just now, and why.
    pub(crate) newly_lost: Vec<(VariableName, String)>,
    /// A new kernel, which restores the variables that are stored.
    pub(crate) is_cold: bool,
}

/// Why a kernel has ended that nobody saw end.
const NEW_KERNEL: &str = "a new one was started";

/// The reason that is kept with a name whose value is gone with its kernel.
pub(crate) fn lost_reason(how: &str) -> String {
    format!("its value lived in a kernel that has ended ({how})")
}

impl StartState {
    /// What a kernel that already ran is started with.
    pub(crate) fn warm(parent: Arc<Manifest>) -> Self {
        let lost = parent.lost.clone();
        Self { parent, lost, newly_lost: Vec::new(), is_cold: false }
    }

    /// What a new kernel is started with: what is not stored is gone.
    pub(crate) fn cold(parent: Arc<Manifest>) -> Self {
        let mut left = parent.as_ref().clone();
        let newly_lost = left.lose_unstored(&lost_reason(NEW_KERNEL));
        Self { parent, lost: left.lost, newly_lost, is_cold: true }
    }

    /// What the caller is told of the names that were lost just now.
    pub(crate) fn note(&self) -> Option<StateNote> {
        let names = Some(&self.newly_lost).filter(|names| !names.is_empty())?;
        Some(StateNote::lost("a new kernel was started".into(), names.clone()))
    }
}
