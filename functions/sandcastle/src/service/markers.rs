//! Markers: empty objects by which an organisation's sandboxes are listed.

use std::sync::Arc;

use bytes::Bytes;

use super::{Sandcastles, ServiceError};
use crate::{
    SandboxId,
    contract::SandboxListed,
    layout,
    manifest::{Manifest, Status},
    store::StoreError,
};

/// So often other calls may change a sandbox while its marker is written; then the marker is left to them.
const ATTEMPTS: u32 = 5;

impl Sandcastles {
    /// Lists the sandbox as running.
    pub(super) async fn mark_running(&self, id: &SandboxId, manifest: &Manifest) -> Result<(), StoreError> {
        self.store.put(&running_marker(id, manifest), Bytes::new()).await
    }

    /// Puts the marker of this state, which the sandbox came to, in the place of another one. Whoever changes the sandbox
    /// meanwhile may have written its marker before: so the newest entry is read afterwards, and if it is another one, its
    /// marker is written as well.
    pub(super) async fn mark(&self, id: &SandboxId, mut wrong: String, state: &Manifest) -> Result<(), ServiceError> {
        let mut state = Arc::new(state.clone());
        for _ in 0..ATTEMPTS {
            let right = marker(id, &state);
            self.store.put(&right, Bytes::new()).await?;
            let mut others = vec![wrong, running_marker(id, &state)];
            others.retain(|key| *key != right);
            if !others.is_empty() {
                self.store.delete(&others).await?;
            }
            let newest = self.newest(id).await?;
            if marker(id, &newest.manifest) == right {
                return Ok(());
            }
            (wrong, state) = (right, Arc::clone(&newest.manifest));
        }
        Ok(())
    }
}

/// The marker that lists a sandbox in this state.
pub(super) fn marker(id: &SandboxId, manifest: &Manifest) -> String {
    match manifest.status {
        Status::Running => running_marker(id, manifest),
        Status::Stopped => stopped_marker(id, manifest),
    }
}

/// The marker that was listed so; the rest of the state is of no account.
pub(super) fn listed_marker(listed: &SandboxListed, state: &Manifest) -> String {
    let SandboxListed { status, started_at, released_at, .. } = *listed;
    marker(&listed.sandbox_id, &Manifest { status, started_at, released_at, ..state.clone() })
}

fn running_marker(id: &SandboxId, manifest: &Manifest) -> String {
    let Manifest { org, member, started_at, .. } = manifest;
    format!("{}{}", layout::running(org), layout::marker(*started_at, *started_at, id, member))
}

fn stopped_marker(id: &SandboxId, manifest: &Manifest) -> String {
    let Manifest { org, member, started_at, .. } = manifest;
    let released_at = manifest.released_at.unwrap_or(*started_at);
    format!("{}{}", layout::stopped(org), layout::marker(released_at, *started_at, id, member))
}
