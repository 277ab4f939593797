//! Deletes what was written to a sandbox's objects and files after its stop had deleted these. A call that still ran may have done so,
//! and code with the credentials that were lent for its sandbox. Nobody reads that.
//!
//! There is nothing here that runs by the clock: each stop leaves a marker, and a later stop in the same organisation looks again.

use std::time::Duration;

use bytes::Bytes;
use futures::future::try_join_all;

use super::Sandcastles;
use crate::{Name, SandboxId, layout, manifest::Manifest, store::StoreError};

/// So many lives one stop looks at, the oldest ones.
const LIVES: u16 = 4;
/// So many objects of each kind one stop deletes of a life; the rest is left to a later stop.
const OBJECTS: u16 = 1000;

impl Sandcastles {
    /// Notes that a sandbox, which comes to be stopped, must be swept later.
    pub(super) async fn sweep_later(&self, id: &SandboxId, stopped: &Manifest) -> Result<(), StoreError> {
        match stopped.released_at.filter(|_| !self.interpreter.writes_after_discard().is_zero()) {
            Some(at) => {
                let marker = layout::unswept_marker(&stopped.org, at, id, stopped.epoch);
                self.store.put(&marker, Bytes::new()).await
            }
            None => Ok(()),
        }
    }

    /// Sweeps what is due in an organisation. A failure costs the caller nothing, since the markers stay.
    pub(super) async fn sweep(&self, org: &Name) {
        let writes_on = self.interpreter.writes_after_discard();
        if !writes_on.is_zero()
            && let Err(error) = self.sweep_due(org, writes_on).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "stopped sandboxes are not swept");
        }
    }

    async fn sweep_due(&self, org: &Name, writes_on: Duration) -> Result<(), StoreError> {
        let (folder, now) = (layout::unswept(org), self.now());
        let markers = self.store.list(&folder, None, LIVES).await?;
        let due = markers.iter().filter_map(|key| {
            let (ended_at, id, epoch) = layout::read_unswept_marker(key.strip_prefix(&folder)?)?;
            (ended_at + writes_on <= now).then_some((key, id, epoch))
        });
        try_join_all(due.map(async |(key, id, epoch)| {
            let parts = [layout::objects(&id, epoch), layout::files(&id, epoch)];
            let swept = try_join_all(parts.iter().map(|part| self.sweep_part(part))).await?;
            if swept.into_iter().all(|all| all) {
                self.store.delete(std::slice::from_ref(key)).await?;
            }
            Ok(())
        }))
        .await
        .map(drop)
    }

    /// True when nothing is left.
    async fn sweep_part(&self, prefix: &str) -> Result<bool, StoreError> {
        let found = self.store.list(prefix, None, OBJECTS).await?;
        if !found.is_empty() {
            self.store.delete(&found).await?;
        }
        Ok(found.len() < usize::from(OBJECTS))
    }
}
