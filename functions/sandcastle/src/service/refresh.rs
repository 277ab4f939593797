//! Stored bytes are renewed before they reach the age at which the bucket removes them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use futures::{FutureExt, StreamExt, stream};
use time::OffsetDateTime;
use tokio::time::timeout_at;

use super::{Sandcastles, ServiceError};
use crate::{
    SandboxId, layout, limits,
    manifest::{Manifest, Node, Status},
    store::StoreError,
    variables::Group,
};

/// So many objects are renewed at once.
const CONCURRENT_REFRESHES: usize = 16;
/// One call renews so many objects, the oldest first: what it leaves, later calls renew.
const SLICE: usize = 256;
/// Renewing takes at most one part in so many of the time that the call has left.
const PART_OF_TIME: u32 = 4;

impl Sandcastles {
    /// Renews stored bytes that are old, as many as one call may, and the sandbox's marker. Bytes that are long due are renewed
    /// whatever their number. What fails is left to the next call.
    pub(super) async fn refresh_old(
        &self,
        id: &SandboxId,
        manifest: &mut Manifest,
        deadline: Instant,
    ) -> Result<(), ServiceError> {
        let now = self.now();
        if manifest.status == Status::Running && now - manifest.marked_at > limits::MARK_AFTER {
            self.mark_running(id, manifest).await?;
            manifest.marked_at = now;
        }
        let due = due(id, manifest, now);
        if due.is_empty() {
            return Ok(());
        }
        let renewed = self.renew(id, due, deadline).await;
        let is_renewed = |key: String| renewed.contains(&key);
        let epoch = manifest.epoch;
        for node in Arc::make_mut(&mut manifest.files).values_mut() {
            if let Node::File(file) = node
                && is_renewed(layout::file(id, epoch, file.hash))
            {
                file.renew(now);
            }
        }
        let is_old = |group: &Group| now - group.stored_at > limits::REFRESH_AFTER;
        if manifest.groups.values().any(is_old) {
            for group in Arc::make_mut(&mut manifest.groups).values_mut().filter(|group| is_old(group)) {
                if group.chunks().all(|hash| is_renewed(layout::object(id, epoch, hash))) {
                    group.stored_at = now.truncate_to_second();
                }
            }
        }
        Ok(())
    }

    /// Those that were renewed in time.
    async fn renew(&self, id: &SandboxId, due: Vec<String>, deadline: Instant) -> HashSet<String> {
        let began = Instant::now();
        let until = began + deadline.saturating_duration_since(began) / PART_OF_TIME;
        let refreshes = due.into_iter().map(|key| {
            async move {
                let there = self.store.refresh(&key).await?;
                Ok::<_, StoreError>((key, there))
            }
            .boxed()
        });
        let mut refreshes = stream::iter(refreshes).buffer_unordered(CONCURRENT_REFRESHES);
        let mut renewed = HashSet::new();
        while let Ok(Some(refreshed)) = timeout_at(until.into(), refreshes.next()).await {
            match refreshed {
                Ok((key, true)) => drop(renewed.insert(key)),
                // As after a stop, which the commit will find.
                Ok((_, false)) => {}
                Err(error) => {
                    tracing::warn!(sandbox = %id, error = &error as &dyn std::error::Error, "old files are renewed later");
                    break;
                }
            }
        }
        renewed
    }
}

/// The keys of stored bytes to renew in one call, each once.
fn due(id: &SandboxId, manifest: &Manifest, now: OffsetDateTime) -> Vec<String> {
    let epoch = manifest.epoch;
    let is_old = |at: OffsetDateTime| now - at > limits::REFRESH_AFTER;
    let files = manifest.regular_files().filter(|(_, file)| is_old(file.stored_at));
    let files = files.map(|(_, file)| (layout::file(id, epoch, file.hash), file.stored_at));
    let groups = manifest.groups.values().filter(|group| is_old(group.stored_at));
    let chunks = groups.flat_map(|group| group.chunks().map(|hash| (layout::object(id, epoch, hash), group.stored_at)));
    let mut stored = HashMap::new();
    for (key, at) in files.chain(chunks) {
        let oldest = stored.entry(key).or_insert(at);
        *oldest = at.min(*oldest);
    }
    let mut due: Vec<(OffsetDateTime, String)> = stored.into_iter().map(|(key, at)| (at, key)).collect();
    due.sort_unstable();
    let long_due = due.partition_point(|(at, _)| now - *at > limits::REFRESH_BY);
    due.truncate(long_due.max(SLICE));
    due.into_iter().map(|(_, key)| key).collect()
}
