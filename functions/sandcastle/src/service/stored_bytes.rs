//! The limit on the bytes that an organisation stores in a day. They are counted by markers, whose keys say how many there are. A
//! sandbox writes one when it has stored enough since its last, so that few calls wait for that.

use std::{
    collections::{BTreeMap, HashSet},
    num::NonZeroU64,
    ops::ControlFlow,
    sync::Arc,
};

use bytes::Bytes;

use super::{Sandcastles, ServiceError, commit::Draft};
use crate::{
    ContentHash,
    entry::Head,
    layout,
    manifest::{Manifest, Node},
    variables::{Blob, Group},
};

/// A sandbox writes a marker when it has stored so many bytes, or one part in so many of the limit if that is less.
const MARKED: u64 = 16 << 20;
const PART_MARKED: u64 = 16;

impl Sandcastles {
    /// Counts what a commit on top of `parent` stores. Returns the bytes that are in no marker yet. Calls at the same moment may all be
    /// let through, so the limit can be passed by what they store.
    ///
    /// # Errors
    /// When the organisation has stored as much today as it may.
    pub(super) async fn count_stored(&self, parent: Option<&Head>, draft: &Draft) -> Result<u64, ServiceError> {
        let (Some(most), Some(parent)) = (self.counted.bytes_of_org, parent) else { return Ok(0) };
        let (before, enough) = (parent.manifest.unmarked_bytes, MARKED.min(most.get() / PART_MARKED));
        let mut changed = changes(&parent.manifest, &draft.manifest);
        if before.saturating_add(sum(&changed)) >= enough {
            drop_known(&mut changed, &parent.manifest);
        }
        let (stored, unmarked) = (sum(&changed), before.saturating_add(sum(&changed)));
        if stored == 0 || unmarked < enough {
            return Ok(unmarked);
        }
        let (org, today) = (&parent.manifest.org, self.now().date());
        self.check_stored(&layout::stored_on(org, today), unmarked, most).await?;
        self.store.put(&layout::stored_marker(org, today, unmarked, draft.commit_id), Bytes::new()).await?;
        Ok(0)
    }

    async fn check_stored(&self, folder: &str, unmarked: u64, most: NonZeroU64) -> Result<(), ServiceError> {
        let mut stored = unmarked;
        let too_much = |stored| if stored > most.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let add = |name: &str| {
            stored = stored.saturating_add(layout::read_stored_marker(name).unwrap_or(0));
            too_much(stored)
        };
        self.each_marker(folder, add).await?;
        if too_much(stored).is_break() { Err(ServiceError::TooMuchStored { most }) } else { Ok(()) }
    }
}

/// Objects, and how many bytes each has. One that stands in several places counts for each.
type Objects = Vec<(ContentHash, u64)>;

/// The files and variables of `manifest` that are not as in `parent`.
fn changes(parent: &Manifest, manifest: &Manifest) -> Objects {
    let files = changed(&parent.files, &manifest.files).filter_map(|node| match node {
        Node::File(file) => Some((file.hash, file.size)),
        Node::Folder { .. } => None,
    });
    let groups = changed(&parent.groups, &manifest.groups).flat_map(Group::blobs).flat_map(pieces);
    files.chain(groups).collect()
}

/// Drops what is in `parent` under another name. That takes a look at all of it, and so is done only when it matters.
fn drop_known(objects: &mut Objects, parent: &Manifest) {
    let files = parent.regular_files().map(|(_, file)| file.hash);
    let known: HashSet<_> = files.chain(parent.groups.values().flat_map(Group::chunks)).collect();
    objects.retain(|(hash, _)| !known.contains(hash));
}

fn sum(objects: &[(ContentHash, u64)]) -> u64 {
    objects.iter().map(|(_, size)| *size).fold(0, u64::saturating_add)
}

/// The values that are new, or not as they were.
fn changed<'a, K: Ord, V: PartialEq>(
    before: &'a Arc<BTreeMap<K, V>>,
    after: &'a Arc<BTreeMap<K, V>>,
) -> impl Iterator<Item = &'a V> {
    let same = Arc::ptr_eq(before, after);
    after.iter().filter(move |(name, value)| !same && before.get(*name) != Some(*value)).map(|(_, value)| value)
}

/// The objects that hold a blob, and about how many of its bytes each has.
fn pieces(blob: &Blob) -> impl Iterator<Item = (ContentHash, u64)> {
    let chunks = blob.chunks();
    let each = blob.size() / (chunks.len() as u64).max(1);
    chunks.iter().map(move |hash| (*hash, each))
}
