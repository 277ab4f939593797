//! What this process remembers of sandboxes: the newest entry that it has seen, which call has the turn, and whether others
//! write too.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{ops::compute::Op, policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{SandboxId, entry::Head, limits};

/// So much of sandboxes is remembered, in bytes, by estimate; what is forgotten is read again.
const REMEMBERED_BYTES: u64 = 32 * 1024 * 1024;
/// What a head takes at least, in bytes.
const LEAST_BYTES: usize = 4 * 1024;
/// Heads from this size on make room at once, in bytes; others when the cache comes to it.
const LARGE_BYTES: u32 = 1024 * 1024;
/// A sandbox that nobody calls for so long is forgotten.
const HEAD_IDLE: Duration = Duration::from_secs(3600);
/// So many sandboxes to which others write are remembered.
const CONTENDED: u64 = 10_000;
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
            known: Cache::builder()
                .weigher(|_, head: &Arc<Head>| weight(head))
                .max_capacity(REMEMBERED_BYTES)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(HEAD_IDLE)
                .build(),
            contended: Cache::builder().max_capacity(CONTENDED).time_to_live(limits::CONTENDED_FOR).build(),
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
        let is_large = weight(&head) >= LARGE_BYTES;
        self.known.entry(*id).and_compute_with(|known| match known {
            Some(known) if known.value().position.seq > head.position.seq => Op::Nop,
            _ => Op::Put(head),
        });
        if is_large {
            self.known.run_pending_tasks();
        }
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

fn weight(head: &Head) -> u32 {
    u32::try_from(head.weight().max(LEAST_BYTES)).unwrap_or(u32::MAX)
}
