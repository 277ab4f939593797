//! What this process remembers of sandboxes: the newest entry that it has seen, which call has the turn, and whether others
//! write too.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{ops::compute::Op, sync::Cache};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{SandboxId, entry::Head, limits};

/// So many sandboxes are remembered; what is forgotten is read again.
const REMEMBERED: u64 = 10_000;
/// A turn is remembered longer than any call can wait for it.
const TURN_IDLE: Duration = Duration::from_secs(3600);

/// Knowledge about sandboxes, all of it only a help: the ledger decides.
pub(super) struct HeadCache {
    known: Cache<SandboxId, Arc<Head>>,
    contended: Cache<SandboxId, ()>,
    turns: Cache<SandboxId, Arc<Mutex<()>>>,
}

impl Default for HeadCache {
    fn default() -> Self {
        Self {
            known: Cache::new(REMEMBERED),
            contended: Cache::builder().max_capacity(REMEMBERED).time_to_live(limits::CONTENDED_FOR).build(),
            turns: Cache::builder().time_to_idle(TURN_IDLE).build(),
        }
    }
}

impl HeadCache {
    /// The newest entry seen, unless others have lately written to this sandbox.
    pub(super) fn get(&self, id: &SandboxId) -> Option<Arc<Head>> {
        if self.contended.contains_key(id) { None } else { self.known.get(id) }
    }

    /// Remembers an entry unless a newer one is known.
    pub(super) fn learn(&self, id: &SandboxId, head: Arc<Head>) {
        self.known.entry(*id).and_compute_with(|known| match known {
            Some(known) if known.value().position.seq > head.position.seq => Op::Nop,
            _ => Op::Put(head),
        });
    }

    /// Somebody else writes to this sandbox: for a while its newest entry is read before code runs.
    pub(super) fn note_contention(&self, id: &SandboxId) {
        self.contended.insert(*id, ());
        self.known.invalidate(id);
    }

    /// Waits until no other call of this process changes the sandbox; `None` when the deadline comes first.
    pub(super) async fn turn(&self, id: &SandboxId, deadline: Instant) -> Option<OwnedMutexGuard<()>> {
        let turn = self.turns.get_with(*id, Arc::default);
        tokio::time::timeout_at(deadline.into(), turn.lock_owned()).await.ok()
    }
}
