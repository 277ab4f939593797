//! Markers: empty objects by which an organisation's sandboxes are listed.

use std::{ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use time::OffsetDateTime;

use super::{Sandcastles, ServiceError};
use crate::{
    SandboxId,
    contract::SandboxListed,
    layout,
    manifest::{Manifest, Status},
    store::StoreError,
};

/// So many markers are listed at once.
const PAGE: u16 = 1000;
/// So often other calls may change a sandbox while its marker is written; then the marker is left to them.
const ATTEMPTS: u32 = 5;

impl Sandcastles {
    /// Shows the names of the markers in a folder, in their order, until `see` breaks off; what it breaks off with.
    pub(super) async fn each_marker<B>(
        &self,
        folder: &str,
        mut see: impl FnMut(&str) -> ControlFlow<B>,
    ) -> Result<Option<B>, StoreError> {
        let mut after = None::<String>;
        loop {
            let page = self.store.list(folder, after.as_deref(), PAGE).await?;
            let seen = page.iter().filter_map(|key| key.strip_prefix(folder)).try_for_each(&mut see);
            match seen {
                ControlFlow::Break(end) => return Ok(Some(end)),
                ControlFlow::Continue(()) if page.len() < usize::from(PAGE) => return Ok(None),
                ControlFlow::Continue(()) => after = page.last().cloned(),
            }
        }
    }

    /// Lists the sandbox as running.
    pub(super) async fn mark_running(&self, id: &SandboxId, manifest: &Manifest) -> Result<(), StoreError> {
        self.store.put(&running_marker(id, manifest, manifest.started_at), Bytes::new()).await
    }

    /// Puts the marker of this state, which the sandbox came to, in the place of all others of it, and of one that is known to be
    /// wrong. Calls that were cut off may have left others, of earlier lives too. Whoever changes the sandbox meanwhile may have
    /// written its marker before: so the newest entry is read afterwards, and if it is another one, its marker is written as well.
    pub(super) async fn mark(
        &self,
        id: &SandboxId,
        mut wrong: Option<String>,
        state: &Manifest,
    ) -> Result<(), ServiceError> {
        let mut state = Arc::new(state.clone());
        for _ in 0..ATTEMPTS {
            let right = marker(id, &state);
            self.store.put(&right, Bytes::new()).await?;
            let mut others: Vec<_> = wrong.into_iter().chain(left_over(id, &state)).collect();
            others.retain(|key| *key != right);
            if !others.is_empty() {
                self.store.delete(&others).await?;
            }
            let newest = self.newest(id).await?;
            if marker(id, &newest.manifest) == right {
                return Ok(());
            }
            (wrong, state) = (Some(right), Arc::clone(&newest.manifest));
        }
        Ok(())
    }
}

/// The markers that the sandbox may have had before, in this life and in those before it.
fn left_over(id: &SandboxId, state: &Manifest) -> Vec<String> {
    let of_ended = state.ended_lives().into_iter().flat_map(|life| {
        [running_marker(id, state, life.started_at), stopped_marker(id, state, life.started_at, life.released_at)]
    });
    of_ended.chain([running_marker(id, state, state.started_at)]).collect()
}

/// The marker that lists a sandbox in this state.
pub(super) fn marker(id: &SandboxId, state: &Manifest) -> String {
    key(id, state, state.status, state.started_at, state.released_at)
}

/// The marker that was listed so, of the sandbox that is now in this state.
pub(super) fn listed_marker(listed: &SandboxListed, state: &Manifest) -> String {
    key(&listed.sandbox_id, state, listed.status, listed.started_at, listed.released_at)
}

fn key(
    id: &SandboxId,
    of: &Manifest,
    status: Status,
    started_at: OffsetDateTime,
    released_at: Option<OffsetDateTime>,
) -> String {
    match status {
        Status::Running => running_marker(id, of, started_at),
        Status::Stopped => stopped_marker(id, of, started_at, released_at.unwrap_or(started_at)),
    }
}

fn running_marker(id: &SandboxId, of: &Manifest, started_at: OffsetDateTime) -> String {
    format!("{}{}", layout::running(&of.org), layout::marker(started_at, started_at, id, &of.member))
}

fn stopped_marker(id: &SandboxId, of: &Manifest, started_at: OffsetDateTime, released_at: OffsetDateTime) -> String {
    format!("{}{}", layout::stopped(&of.org), layout::marker(released_at, started_at, id, &of.member))
}
