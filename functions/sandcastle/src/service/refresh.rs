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
    ContentHash, SandboxId, layout, limits,
    manifest::{Manifest, Node, Status},
    store::StoreError,
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
        let due = due(manifest, now);
        if due.is_empty() {
            return Ok(());
        }
        let renewed = self.renew(id, manifest, due, deadline).await;
        for node in Arc::make_mut(&mut manifest.files).values_mut() {
            if let Node::File(file) = node
                && renewed.contains(&file.hash)
            {
                file.renew(now);
            }
        }
        Ok(())
    }

    /// Those that were renewed in time.
    async fn renew(
        &self,
        id: &SandboxId,
        manifest: &Manifest,
        due: Vec<ContentHash>,
        deadline: Instant,
    ) -> HashSet<ContentHash> {
        let began = Instant::now();
        let until = began + deadline.saturating_duration_since(began) / PART_OF_TIME;
        let refreshes = due.into_iter().map(|hash| {
            let key = layout::file(id, manifest.epoch, hash);
            async move { Ok::<_, StoreError>((hash, self.store.refresh(&key).await?)) }.boxed()
        });
        let mut refreshes = stream::iter(refreshes).buffer_unordered(CONCURRENT_REFRESHES);
        let mut renewed = HashSet::new();
        while let Ok(Some(refreshed)) = timeout_at(until.into(), refreshes.next()).await {
            match refreshed {
                Ok((hash, true)) => drop(renewed.insert(hash)),
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

/// The stored bytes to renew in one call, each once.
fn due(manifest: &Manifest, now: OffsetDateTime) -> Vec<ContentHash> {
    let mut stored = HashMap::new();
    for (_, file) in manifest.regular_files().filter(|(_, file)| now - file.stored_at > limits::REFRESH_AFTER) {
        let oldest = stored.entry(file.hash).or_insert(file.stored_at);
        *oldest = file.stored_at.min(*oldest);
    }
    let mut due: Vec<(OffsetDateTime, ContentHash)> = stored.into_iter().map(|(hash, at)| (at, hash)).collect();
    due.sort_unstable_by_key(|(at, _)| *at);
    let long_due = due.partition_point(|(at, _)| now - *at > limits::REFRESH_BY);
    due.truncate(long_due.max(SLICE));
    due.into_iter().map(|(_, hash)| hash).collect()
}
