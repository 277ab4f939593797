//! Markers: empty objects by which an organisation's sandboxes are listed.

use bytes::Bytes;

use super::Sandcastles;
use crate::{
    SandboxId,
    contract::SandboxListed,
    layout,
    manifest::{Manifest, Status},
    store::StoreError,
};

impl Sandcastles {
    /// Lists the sandbox as running.
    pub(super) async fn mark_running(&self, id: &SandboxId, manifest: &Manifest) -> Result<(), StoreError> {
        self.store.put(&running_marker(id, manifest), Bytes::new()).await
    }

    /// Lists the sandbox as stopped.
    pub(super) async fn mark_stopped(&self, id: &SandboxId, manifest: &Manifest) -> Result<(), StoreError> {
        self.store.put(&stopped_marker(id, manifest), Bytes::new()).await?;
        self.store.delete(&[running_marker(id, manifest)]).await
    }

    /// Puts the sandbox's marker in the place of one that says something else.
    pub(super) async fn mark(&self, wrong: &SandboxListed, right: &Manifest) -> Result<(), StoreError> {
        let id = &wrong.sandbox_id;
        match right.status {
            Status::Running => self.mark_running(id, right).await?,
            Status::Stopped => self.mark_stopped(id, right).await?,
        }
        let listed = Manifest { started_at: wrong.started_at, released_at: wrong.released_at, ..right.clone() };
        self.store
            .delete(&[match wrong.status {
                Status::Running => running_marker(id, &listed),
                Status::Stopped => stopped_marker(id, &listed),
            }])
            .await
    }
}

fn running_marker(id: &SandboxId, manifest: &Manifest) -> String {
    let Manifest { org, member, started_at, .. } = manifest;
    format!("{}{}", layout::running(org), layout::marker(*started_at, *started_at, id, member))
}

pub(super) fn stopped_marker(id: &SandboxId, manifest: &Manifest) -> String {
    let Manifest { org, member, started_at, .. } = manifest;
    let released_at = manifest.released_at.unwrap_or(*started_at);
    format!("{}{}", layout::stopped(org), layout::marker(released_at, *started_at, id, member))
}
