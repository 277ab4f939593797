//! Who may have a kernel: a bounded number of seats, the idle kernels, one job at a time for each sandbox, and a share for each
//! organisation.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use sandcastle::{Name, SandboxId};
use tokio::{
    sync::{Notify, OwnedMutexGuard},
    time::timeout_at,
};

use super::share::{Share, Shares};

/// Seats, idle kernels and turns; `K` is what is kept for an idle kernel, its [`Seat`] included.
pub(crate) struct Pool<K> {
    inner: Mutex<Inner<K>>,
    seats: Arc<Seats>,
    shares: Shares,
}

struct Inner<K> {
    idle: HashMap<SandboxId, Idle<K>>,
    turns: HashMap<SandboxId, Arc<SandboxLock>>,
    clock: u64,
}

struct Idle<K> {
    kernel: K,
    org: Name,
    /// In which order kernels became idle.
    number: u64,
    since: Instant,
}

struct Seats {
    all: usize,
    /// By the organisations that have some.
    taken: Mutex<HashMap<Name, usize>>,
    changed: Notify,
}

/// The right of an organisation to have one kernel.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    org: Name,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock();
        if let Some(count) = taken.get_mut(&self.org) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.org);
            }
        }
        drop(taken);
        self.seats.changed.notify_waiters();
    }
}

#[derive(Default)]
struct SandboxLock {
    turn: Arc<tokio::sync::Mutex<()>>,
    closing: Notify,
    /// How often it was told to end.
    closed: AtomicU64,
}

impl SandboxLock {
    fn close(&self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
        self.closing.notify_waiters();
    }
}

/// A sandbox's turn: nobody else runs in it meanwhile.
pub(crate) struct Turn<'a, K> {
    pool: &'a Pool<K>,
    sandbox: SandboxId,
    org: Name,
    lock: Arc<SandboxLock>,
    guard: Option<OwnedMutexGuard<()>>,
    share: Option<Share>,
    /// How often the lock had been told to end when this turn came.
    closed_before: u64,
}

impl<K> Pool<K> {
    /// A pool of so many seats.
    pub(crate) fn new(seats: usize) -> Self {
        let inner = Inner { idle: HashMap::new(), turns: HashMap::new(), clock: 0 };
        let shares = Shares::new(seats);
        let seats = Arc::new(Seats { all: seats, taken: Mutex::default(), changed: Notify::new() });
        Self { inner: Mutex::new(inner), seats, shares }
    }

    /// The turn of an organisation's sandbox; `None` when it does not come in time.
    pub(crate) async fn turn(&self, sandbox: SandboxId, org: &Name, until: Instant) -> Option<Turn<'_, K>> {
        let lock = Arc::clone(self.inner.lock().turns.entry(sandbox).or_default());
        let waiting = Arc::clone(&lock.turn).lock_owned();
        // Made before the wait, so that a wait that is given up forgets the lock like a turn that has ended.
        let org = org.clone();
        let mut turn = Turn { pool: self, sandbox, org, lock, guard: None, share: None, closed_before: 0 };
        turn.guard = Some(timeout_at(until.into(), waiting).await.ok()?);
        turn.share = Some(self.shares.take(&turn.org, until).await?);
        turn.closed_before = turn.lock.closed.load(Ordering::SeqCst);
        Some(turn)
    }

    /// A seat. When there is none free, an idle kernel ends: the least recently used one of the organisation that has most seats,
    /// unless that has fewer than the one that wants it. `None` when none comes in time.
    pub(crate) async fn seat(&self, org: &Name, until: Instant) -> Option<Seat> {
        loop {
            let changed = self.seats.changed.notified();
            if let Some(seat) = self.free_seat(org) {
                return Some(seat);
            }
            match self.least_needed(org) {
                Some(kernel) => drop(kernel),
                None => timeout_at(until.into(), changed).await.ok()?,
            }
        }
    }

    /// Takes the sandbox's idle kernel.
    pub(crate) fn take(&self, sandbox: &SandboxId) -> Option<K> {
        self.inner.lock().idle.remove(sandbox).map(|idle| idle.kernel)
    }

    /// Takes the sandbox's idle kernel if it is unwanted, and has been idle since before then.
    pub(crate) fn take_unwanted(
        &self,
        sandbox: &SandboxId,
        then: Instant,
        unwanted: impl FnOnce(&K) -> bool,
    ) -> Option<K> {
        let mut inner = self.inner.lock();
        let found = inner.idle.get(sandbox).is_some_and(|idle| idle.since <= then && unwanted(&idle.kernel));
        let idle = if found { inner.idle.remove(sandbox) } else { None };
        idle.map(|idle| idle.kernel)
    }

    /// Puts a kernel where [`Self::take`] finds it, and [`Self::seat`] may end it.
    pub(crate) fn put(&self, sandbox: SandboxId, org: Name, kernel: K) {
        let mut inner = self.inner.lock();
        inner.clock += 1;
        let idle = Idle { kernel, org, number: inner.clock, since: Instant::now() };
        let replaced = inner.idle.insert(sandbox, idle);
        drop(inner);
        drop(replaced);
        self.seats.changed.notify_waiters();
    }

    /// The sandboxes whose kernels have been idle since before then.
    pub(crate) fn idle_since(&self, then: Instant) -> Vec<SandboxId> {
        let inner = self.inner.lock();
        inner.idle.iter().filter(|(_, idle)| idle.since <= then).map(|(sandbox, _)| *sandbox).collect()
    }

    /// Tells the sandbox's current run to end.
    pub(crate) fn close(&self, sandbox: &SandboxId) {
        if let Some(lock) = self.inner.lock().turns.get(sandbox) {
            lock.close();
        }
    }

    /// Tells all runs to end, and takes all idle kernels.
    pub(crate) fn close_all(&self) -> Vec<K> {
        self.inner.lock().turns.values().for_each(|lock| lock.close());
        self.take_all()
    }

    /// Takes all idle kernels.
    pub(crate) fn take_all(&self) -> Vec<K> {
        self.inner.lock().idle.drain().map(|(_, idle)| idle.kernel).collect()
    }

    fn free_seat(&self, org: &Name) -> Option<Seat> {
        let mut taken = self.seats.taken.lock();
        if taken.values().sum::<usize>() >= self.seats.all {
            return None;
        }
        *taken.entry(org.clone()).or_default() += 1;
        Some(Seat { seats: Arc::clone(&self.seats), org: org.clone() })
    }

    fn least_needed(&self, org: &Name) -> Option<K> {
        let mut inner = self.inner.lock();
        let taken = self.seats.taken.lock().clone();
        let seats = |org: &Name| taken.get(org).copied().unwrap_or(0);
        let most = inner.idle.values().map(|idle| seats(&idle.org)).max()?;
        let gives_way = |idle: &Idle<K>| idle.org == *org || seats(&idle.org) > seats(org);
        let of_those = inner.idle.iter().filter(|(_, idle)| seats(&idle.org) == most && gives_way(idle));
        let sandbox = *of_those.min_by_key(|(_, idle)| idle.number)?.0;
        inner.idle.remove(&sandbox).map(|idle| idle.kernel)
    }
}

impl<K> Turn<'_, K> {
    /// The sandbox.
    pub(crate) fn sandbox(&self) -> &SandboxId {
        &self.sandbox
    }

    /// Its organisation.
    pub(crate) fn org(&self) -> &Name {
        &self.org
    }

    /// True when this job was told to end.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock.closed.load(Ordering::SeqCst) != self.closed_before
    }

    /// Waits until this job is told to end.
    pub(crate) async fn closing(&self) {
        let told = self.lock.closing.notified();
        if !self.is_closed() {
            told.await;
        }
    }
}

impl<K> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        (self.guard, self.share) = (None, None);
        let mut inner = self.pool.inner.lock();
        // This turn's, and the map's.
        if Arc::strong_count(&self.lock) == 2 {
            inner.turns.remove(&self.sandbox);
        }
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
