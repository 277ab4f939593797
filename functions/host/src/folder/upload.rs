//! Stores what a job left behind while it is being found, and cuts the lists to what an answer holds.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt, stream};
use sandcastle::{
    ContentHash, WorkingPath, layout, limits,
    manifest::{Manifest, Node},
    report::{GeneratedFile, Skipped},
    store::{PutNew, StoreError},
};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::{
    Snapshot, Storage,
    contents::New,
    harvest::{After, Before, harvest},
    restore::FolderError,
};
use crate::{
    kernel::{
        slot::Slot,
        usage::{Excess, Quota},
    },
    text,
};

/// So many objects are written at once.
const CONCURRENT_PUTS: usize = 16;

/// What a job left behind; all of it is stored.
pub(crate) struct Harvested {
    /// The working folder.
    pub(crate) files: Arc<BTreeMap<WorkingPath, Node>>,
    /// New and changed files, by name.
    pub(crate) generated: Vec<GeneratedFile>,
    /// What was left out of the list, or is not kept at all.
    pub(crate) skipped: Vec<Skipped>,
    /// The sandbox takes more disk than it may, so that its folder cannot stay.
    pub(crate) too_much: bool,
}

/// Looks through the folder of a kernel that is stopped, and stores what is new. With it comes what a later harvest
/// compares the folder with.
pub(crate) async fn harvest_and_store(
    slot: Arc<Slot>,
    storage: &Storage,
    before: Before,
    quota: Quota,
) -> Result<(Harvested, Snapshot), FolderError> {
    let (send, found) = mpsc::unbounded_channel();
    let memory = storage.memory.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let mut after = harvest(&slot.files(), &before, memory, send)?;
        let kernel: Vec<_> = before.kernel.into_iter().collect();
        let in_tmp = after.disk.count_below(&slot.temporary(), quota);
        let in_all = in_tmp.or_else(|| after.disk.count_nameless(&kernel, quota));
        let too_much = in_all.or_else(|| after.disk.fills(slot.path(), &kernel).then_some(Excess::Disk));
        std::io::Result::Ok((after, too_much, before.manifest))
    });
    let existed = upload(storage, found).await?;
    let (mut after, too_much, before) = looking.await.map_err(std::io::Error::other)??;
    if let Some(too_much) = too_much {
        let reason = format!("{}: what is not stored is removed after this call", text::too_much(too_much));
        after.skipped.insert(0, Skipped { name: ".".into(), reason });
    }
    let (harvested, snapshot) = finish(after, &before, &existed);
    Ok((Harvested { too_much: too_much.is_some(), ..harvested }, snapshot))
}

/// Stores all that comes. The hashes of what was there already.
async fn upload(
    storage: &Storage,
    mut found: mpsc::UnboundedReceiver<New>,
) -> Result<HashSet<ContentHash>, StoreError> {
    let puts = stream::poll_fn(|cx| found.poll_recv(cx)).map(|new| async move {
        let key = layout::file(&storage.sandbox, storage.epoch, new.hash);
        let put = storage.store.put_new(&key, new.bytes).await?;
        Ok((put == PutNew::Exists).then_some(new.hash))
    });
    puts.buffer_unordered(CONCURRENT_PUTS).try_filter_map(|hash| async move { Ok(hash) }).try_collect().await
}

fn finish(after: After, before: &Manifest, existed: &HashSet<ContentHash>) -> (Harvested, Snapshot) {
    let After { mut files, snapshot, generated, mut skipped, .. } = after;
    if !existed.is_empty() {
        for node in files.values_mut() {
            // Stored by an earlier run, nobody knows when: old enough to be renewed.
            if let Node::File(file) = node
                && existed.contains(&file.hash)
            {
                file.stored_at = OffsetDateTime::UNIX_EPOCH;
            }
        }
    }
    let files = if files == *before.files { Arc::clone(&before.files) } else { Arc::new(files) };
    let generated = listed(generated, &mut skipped);
    (Harvested { files, generated, skipped: named(skipped), too_much: false }, snapshot)
}

/// The files that an answer holds; the rest goes to `skipped`.
fn listed(mut generated: Vec<GeneratedFile>, skipped: &mut Vec<Skipped>) -> Vec<GeneratedFile> {
    generated.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let mut bytes = 0u64;
    let mut listed = Vec::new();
    for file in generated {
        let why = if listed.len() >= limits::MAX_FILES {
            "more than 100 files in one call"
        } else if bytes.saturating_add(file.size) > limits::MAX_FILE_BYTES {
            "more than 512 MiB in one call"
        } else {
            bytes += file.size;
            listed.push(file);
            continue;
        };
        skipped.push(Skipped { name: file.name.into(), reason: format!("not listed: {why}") });
    }
    listed
}

/// As many as an answer names, and how many more there are.
fn named(mut skipped: Vec<Skipped>) -> Vec<Skipped> {
    let more = skipped.len().saturating_sub(limits::MAX_SKIPPED);
    if more > 0 {
        skipped.truncate(limits::MAX_SKIPPED);
        skipped.push(Skipped { name: "…".into(), reason: format!("{more} more were left out") });
    }
    skipped
}
