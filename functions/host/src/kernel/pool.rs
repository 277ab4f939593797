//! Who may have a kernel: a bounded number of seats, the idle kernels, and one job at a time for each sandbox.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use sandcastle::SandboxId;
use tokio::{
    sync::{Notify, OwnedMutexGuard},
    time::timeout_at,
};

/// Seats, idle kernels and turns; `K` is what is kept for an idle kernel, its [`Seat`] included.
pub(crate) struct Pool<K> {
    inner: Mutex<Inner<K>>,
    seats: Arc<Seats>,
}

struct Inner<K> {
    idle: HashMap<SandboxId, Idle<K>>,
    turns: HashMap<SandboxId, Arc<SandboxLock>>,
    clock: u64,
}

struct Idle<K> {
    kernel: K,
    /// In which order kernels became idle.
    number: u64,
    since: Instant,
}

struct Seats {
    free: Mutex<usize>,
    changed: Notify,
}

/// The right to have one kernel.
pub(crate) struct Seat(Arc<Seats>);

impl Drop for Seat {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.changed.notify_waiters();
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
    lock: Arc<SandboxLock>,
    guard: Option<OwnedMutexGuard<()>>,
    /// How often the lock had been told to end when this turn came.
    closed_before: u64,
}

impl<K> Pool<K> {
    /// A pool of so many seats.
    pub(crate) fn new(seats: usize) -> Self {
        let inner = Inner { idle: HashMap::new(), turns: HashMap::new(), clock: 0 };
        Self { inner: Mutex::new(inner), seats: Arc::new(Seats { free: Mutex::new(seats), changed: Notify::new() }) }
    }

    /// The sandbox's turn; `None` when it does not come in time.
    pub(crate) async fn turn(&self, sandbox: SandboxId, until: Instant) -> Option<Turn<'_, K>> {
        let lock = Arc::clone(self.inner.lock().turns.entry(sandbox).or_default());
        let waiting = Arc::clone(&lock.turn).lock_owned();
        // Made before the wait, so that a wait that is given up forgets the lock like a turn that has ended.
        let mut turn = Turn { pool: self, sandbox, lock, guard: None, closed_before: 0 };
        turn.guard = Some(timeout_at(until.into(), waiting).await.ok()?);
        turn.closed_before = turn.lock.closed.load(Ordering::SeqCst);
        Some(turn)
    }

    /// A seat; the least recently used idle kernel ends when there is none free. `None` when none comes in time.
    pub(crate) async fn seat(&self, until: Instant) -> Option<Seat> {
        loop {
            let changed = self.seats.changed.notified();
            if let Some(seat) = self.free_seat() {
                return Some(seat);
            }
            match self.least_recently_used() {
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
    pub(crate) fn put(&self, sandbox: SandboxId, kernel: K) {
        let mut inner = self.inner.lock();
        inner.clock += 1;
        let idle = Idle { kernel, number: inner.clock, since: Instant::now() };
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
        let mut inner = self.inner.lock();
        inner.turns.values().for_each(|lock| lock.close());
        inner.idle.drain().map(|(_, idle)| idle.kernel).collect()
    }

    fn free_seat(&self) -> Option<Seat> {
        let mut free = self.seats.free.lock();
        *free = free.checked_sub(1)?;
        Some(Seat(Arc::clone(&self.seats)))
    }

    fn least_recently_used(&self) -> Option<K> {
        let mut inner = self.inner.lock();
        let sandbox = *inner.idle.iter().min_by_key(|(_, idle)| idle.number)?.0;
        inner.idle.remove(&sandbox).map(|idle| idle.kernel)
    }
}

impl<K> Turn<'_, K> {
    /// The sandbox.
    pub(crate) fn sandbox(&self) -> &SandboxId {
        &self.sandbox
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
        self.guard = None;
        let mut inner = self.pool.inner.lock();
        // This turn's, and the map's.
        if Arc::strong_count(&self.lock) == 2 {
            inner.turns.remove(&self.sandbox);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[tokio::test]
    async fn the_least_recently_used_kernel_gives_up_its_seat() {
        let pool = Pool::new(2);
        let [a, b, c] = [SandboxId::new(), SandboxId::new(), SandboxId::new()];
        pool.put(a, pool.seat(soon()).await.unwrap());
        pool.put(b, pool.seat(soon()).await.unwrap());
        let used = pool.take(&a).unwrap();
        pool.put(a, used);
        pool.put(c, pool.seat(soon()).await.unwrap());
        assert!(pool.take(&b).is_none());
        assert!(pool.take(&a).is_some());
    }

    #[tokio::test]
    async fn without_an_idle_kernel_a_seat_is_waited_for() {
        let pool: Arc<Pool<Seat>> = Arc::new(Pool::new(1));
        let seat = pool.seat(soon()).await.unwrap();
        assert!(pool.seat(soon()).await.is_none());
        let other = Arc::clone(&pool);
        let waiting = tokio::spawn(async move { other.seat(later()).await.is_some() });
        tokio::task::yield_now().await;
        pool.put(SandboxId::new(), seat);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn turns_of_one_sandbox_come_one_after_the_other_and_are_forgotten() {
        let pool: Pool<()> = Pool::new(1);
        let sandbox = SandboxId::new();
        let first = pool.turn(sandbox, soon()).await.unwrap();
        assert!(pool.turn(SandboxId::new(), soon()).await.is_some());
        assert!(pool.turn(sandbox, soon()).await.is_none());
        drop(first);
        drop(pool.turn(sandbox, soon()).await.unwrap());
        assert!(pool.inner.lock().turns.is_empty());
    }
}
