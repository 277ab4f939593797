//! Stored bytes are renewed before they reach the age at which the bucket removes them.

use std::sync::Arc;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use super::{Sandcastles, ServiceError};
use crate::{
    SandboxId, layout, limits,
    manifest::{Manifest, Node, Status},
    store::StoreError,
};

/// So many objects are renewed at once.
const CONCURRENT_REFRESHES: usize = 16;

impl Sandcastles {
    /// Renews the stored bytes that are old, and the sandbox's marker.
    pub(super) async fn refresh_old(&self, id: &SandboxId, manifest: &mut Manifest) -> Result<(), ServiceError> {
        let now = self.now();
        let is_old = |at: OffsetDateTime| now - at > limits::REFRESH_AFTER;
        if manifest.status == Status::Running && now - manifest.marked_at > limits::MARK_AFTER {
            self.mark_running(id, manifest).await?;
            manifest.marked_at = now;
        }
        let old: Vec<_> =
            manifest.regular_files().filter(|(_, file)| is_old(file.stored_at)).map(|(_, f)| f.hash).collect();
        if old.is_empty() {
            return Ok(());
        }
        let refreshes = old.into_iter().map(|hash| self.refresh(layout::file(id, manifest.epoch, hash)).boxed());
        let refreshes = stream::iter(refreshes);
        refreshes.buffer_unordered(CONCURRENT_REFRESHES).try_collect::<()>().await?;
        let files = Arc::make_mut(&mut manifest.files);
        for node in files.values_mut() {
            if let Node::File(file) = node
                && is_old(file.stored_at)
            {
                file.stored_at = now;
            }
        }
        Ok(())
    }

    async fn refresh(&self, key: String) -> Result<(), StoreError> {
        match self.store.refresh(&key).await? {
            true => Ok(()),
            false => Err(StoreError::Missing { key }),
        }
    }
}
