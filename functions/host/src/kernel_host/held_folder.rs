//! A sandbox's folder on this machine: what it holds, and bringing it to another state of the sandbox.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use parking_lot::Mutex;
use sandcastle::{
    SandboxId, WorkingPath,
    entry::difference,
    interpreter::{Job, RunError},
    manifest::{Node, WorkingFile},
};
use tokio::sync::mpsc;

use crate::{
    folder::{FolderError, Snapshot, Storage, restore},
    kernel::{Ending, slot::Slot},
};

type Files = Arc<BTreeMap<WorkingPath, Node>>;

/// A folder, and what is known of it. Dropping it leaves it to the reaper to remove, as it blocks.
pub(super) struct HeldFolder {
    /// The folder itself.
    pub(super) slot: Arc<Slot>,
    /// What it held after its last job.
    snapshot: Snapshot,
    /// The state that it was brought to.
    files: Files,
    /// Paths at which it may differ from that, because an update was broken off.
    unsure: BTreeSet<WorkingPath>,
    reaper: mpsc::UnboundedSender<Ending>,
}

impl HeldFolder {
    /// A folder that is new and empty.
    pub(super) fn new(slot: Arc<Slot>, reaper: mpsc::UnboundedSender<Ending>) -> Self {
        Self { slot, snapshot: Snapshot::default(), files: Files::default(), unsure: BTreeSet::new(), reaper }
    }

    /// What it held after its last job, for the next harvest.
    pub(super) fn take_snapshot(&mut self) -> Snapshot {
        std::mem::take(&mut self.snapshot)
    }

    /// This folder after a job, which brought it to this state.
    pub(super) fn holding(mut self, files: Files, snapshot: Snapshot) -> Self {
        (self.files, self.snapshot) = (files, snapshot);
        self
    }

    /// What changes from what it holds to the job's head.
    pub(super) fn changes_to(&self, job: &Job) -> BTreeMap<WorkingPath, Option<Node>> {
        let files = &job.head.manifest.files;
        let mut changes = changed_files(&self.files, files);
        for path in &self.unsure {
            changes.insert(path.clone(), files.get(path).cloned());
        }
        changes
    }

    /// Applies these changes, while nothing else writes to it. What fails here, or is cut off, is done again by the next job.
    pub(super) async fn bring_to(
        &mut self,
        job: &Job,
        storage: &Storage,
        changes: BTreeMap<WorkingPath, Option<Node>>,
    ) -> Result<(), RunError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.unsure.extend(changes.keys().cloned());
        let later = restore(&self.slot, storage, changes).await.map_err(FolderError::while_reading)?;
        self.snapshot = std::mem::take(&mut self.snapshot).updated(later);
        self.files = Arc::clone(&job.head.manifest.files);
        self.unsure.clear();
        Ok(())
    }
}

impl Drop for HeldFolder {
    fn drop(&mut self) {
        let _ = self.reaper.send(Ending::of_folder(Arc::clone(&self.slot)));
    }
}

/// What changes in a folder from `old` to `new`: not the files that were only stored again.
fn changed_files(old: &Files, new: &Files) -> BTreeMap<WorkingPath, Option<Node>> {
    if Arc::ptr_eq(old, new) {
        return BTreeMap::new();
    }
    let mut changes = difference(old, new);
    changes.retain(|path, node| match (old.get(path), node) {
        (Some(Node::File(old)), Some(Node::File(new))) => {
            WorkingFile { stored_at: new.stored_at, ..old.clone() } != *new
        }
        _ => true,
    });
    changes
}

/// Folders of sandboxes that have no kernel here, between two commands: a bounded number, the least recently used one leaving.
pub(super) struct IdleFolders {
    most: usize,
    held: Mutex<VecDeque<(SandboxId, HeldFolder)>>,
}

impl IdleFolders {
    /// None yet.
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Mutex::default() }
    }

    /// Takes the sandbox's folder.
    pub(super) fn take(&self, sandbox: &SandboxId) -> Option<HeldFolder> {
        let mut held = self.held.lock();
        let at = held.iter().position(|(owner, _)| owner == sandbox)?;
        held.remove(at).map(|(_, folder)| folder)
    }

    /// Puts a folder where [`Self::take`] finds it.
    pub(super) fn put(&self, sandbox: SandboxId, folder: HeldFolder) {
        let mut held = self.held.lock();
        held.push_back((sandbox, folder));
        if held.len() > self.most {
            held.pop_front();
        }
    }

    /// The sandboxes whose folders are here.
    pub(super) fn sandboxes(&self) -> Vec<SandboxId> {
        self.held.lock().iter().map(|(sandbox, _)| *sandbox).collect()
    }

    /// Drops all of them.
    pub(super) fn clear(&self) {
        self.held.lock().clear();
    }
}
