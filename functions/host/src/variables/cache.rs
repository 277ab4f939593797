//! Files that hold stored variables, kept so that a new kernel of the same sandbox gets them without reading the bucket. What is
//! here may always be dropped.

use std::{collections::HashMap, fs::File, io, sync::Arc};

use parking_lot::Mutex;
use sandcastle::{
    SandboxId,
    manifest::Epoch,
    variables::{Group, GroupId},
};
use sandcastle_protocol::Content;

use super::store::Stored;
use crate::{folder::Storage, kernel::Kernel};

/// All files together have at most so many bytes.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// At most so many files are kept.
const MOST_FILES: usize = 64;
/// Smaller files are not kept.
const LEAST_BYTES: u64 = 256 * 1024;

/// The files. The one that was used last comes last.
#[derive(Default)]
pub(crate) struct VariableCache(Mutex<Vec<CachedFile>>);

/// A file with groups of one sandbox.
#[derive(Clone)]
pub(super) struct CachedFile {
    pub(super) sandbox: SandboxId,
    pub(super) epoch: Epoch,
    pub(super) file: Arc<File>,
    pub(super) bytes: u64,
    /// A kernel has written it, and may have written to it since.
    pub(super) by_kernel: bool,
    /// What of each group is stored, and where it is in the file.
    pub(super) groups: HashMap<GroupId, (Group, Content)>,
}

impl VariableCache {
    /// A file that holds the group as it is stored, where, and whether a kernel has written it.
    pub(super) fn find(
        &self,
        sandbox: SandboxId,
        epoch: Epoch,
        id: GroupId,
        group: &Group,
    ) -> Option<(Arc<File>, Content, bool)> {
        let mut files = self.0.lock();
        let holds = |file: &CachedFile| {
            let (stored, _) = file.groups.get(&id)?;
            let same = stored.pickle == group.pickle && stored.buffers == group.buffers;
            (same && file.sandbox == sandbox && file.epoch == epoch).then_some(())
        };
        let at = files.iter().rposition(|file| holds(file).is_some())?;
        let found = files.remove(at);
        let content = found.groups.get(&id).map(|(_, content)| content.clone());
        let result = (Arc::clone(&found.file), content?, found.by_kernel);
        files.push(found);
        Some(result)
    }

    /// Keeps a file. Older ones go when there are too many, or when newer ones hold all of their groups.
    pub(super) fn keep(&self, new: CachedFile) {
        if new.bytes < LEAST_BYTES || new.bytes > MOST_BYTES {
            return;
        }
        let mut files = self.0.lock();
        for file in files.iter_mut().filter(|file| file.sandbox == new.sandbox) {
            file.groups.retain(|id, _| !new.groups.contains_key(id));
        }
        files.retain(|file| !file.groups.is_empty());
        files.push(new);
        while files.len() > MOST_FILES || files.iter().map(|file| file.bytes).sum::<u64>() > MOST_BYTES {
            files.remove(0);
        }
    }

    /// Keeps what a kernel, which is stopped, has given out in its exchange file, and empties that for the next call.
    pub(crate) fn keep_exchange(&self, storage: &Storage, kernel: &mut Kernel, stored: &Stored) -> io::Result<()> {
        let Some(file) = kernel.exchange.clone().filter(|_| stored.file_len > 0) else { return Ok(()) };
        if !(LEAST_BYTES..=MOST_BYTES).contains(&stored.file_len) {
            return file.set_len(0);
        }
        kernel.change_exchange()?;
        let of_group =
            |(id, content): &(GroupId, Content)| Some((*id, (stored.groups.get(id)?.clone(), content.clone())));
        self.keep(CachedFile {
            sandbox: storage.sandbox,
            epoch: storage.epoch,
            file,
            bytes: stored.file_len,
            by_kernel: true,
            groups: stored.places.iter().filter_map(of_group).collect(),
        });
        Ok(())
    }

    /// The sandboxes of which something is kept.
    pub(crate) fn sandboxes(&self) -> Vec<SandboxId> {
        self.0.lock().iter().map(|file| file.sandbox).collect()
    }

    /// Drops what is kept of a sandbox.
    pub(crate) fn forget(&self, sandbox: &SandboxId) {
        self.0.lock().retain(|file| file.sandbox != *sandbox);
    }

    /// Drops all.
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}
