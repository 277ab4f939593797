//! The calls of the API, with their rules: who may, what is read, what is committed.

use std::{
    num::{NonZeroU32, NonZeroU64},
    sync::Arc,
    time::{Duration, Instant},
};

use time::OffsetDateTime;
use tokio::sync::OwnedMutexGuard;

use crate::{
    SandboxId,
    entry::{Entry, Head},
    interpreter::Interpreter,
    ledger::Ledger,
    limits,
    manifest::Status,
    store::{ObjectStore, StoreError},
};

mod admission;
mod answer;
mod answer_size;
mod commit;
mod error;
mod execute;
mod execution;
mod files;
mod find_execution;
mod head_cache;
mod lifecycle;
pub mod listing;
mod markers;
mod rebase;
mod refresh;
mod sandbox_limit;
mod start_limits;
mod stored_bytes;
mod sweep;

pub use error::ServiceError;
pub use execution::{ExecRequest, ExecuteRequest};
pub use files::{Content, Destination, FileContent, Upload};

/// What the deployment sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest that one execution's code may run.
    pub execution_limit: Duration,
    /// Who writes to the bucket.
    pub writers: Writers,
    /// The clock, for what is recorded and for ages.
    pub now: fn() -> OffsetDateTime,
}

/// Limits that are counted in the bucket, and so hold whatever process a call comes to; `None` for any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedLimits {
    /// Sandboxes that each member may start in an hour, those not counted that are stopped again.
    pub starts_of_member: Option<NonZeroU32>,
    /// The same by all members of an organisation.
    pub starts_of_org: Option<NonZeroU32>,
    /// Bytes that an organisation may store in a day.
    pub bytes_of_org: Option<NonZeroU64>,
}

/// Who writes to the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// This process alone: what it remembers of a sandbox is the newest entry, as a rule.
    One,
    /// Others too. Before code runs, the ledger is asked whether what is remembered still is the newest entry: a kernel that runs
    /// on an older one loses its variables with the commit.
    Several,
}

/// The calls of the API over one bucket and one interpreter.
pub struct Sandcastles {
    store: Arc<dyn ObjectStore>,
    ledger: Ledger,
    interpreter: Arc<dyn Interpreter>,
    settings: Settings,
    counted: CountedLimits,
    heads: head_cache::HeadCache,
}

impl Sandcastles {
    /// Puts the parts together.
    pub fn new(store: Arc<dyn ObjectStore>, interpreter: Arc<dyn Interpreter>, settings: Settings) -> Self {
        Self {
            ledger: Ledger::new(Arc::clone(&store)),
            store,
            interpreter,
            settings,
            counted: CountedLimits::default(),
            heads: head_cache::HeadCache::default(),
        }
    }

    /// Sets the limits that are counted in the bucket.
    #[must_use]
    pub fn with_counted_limits(self, counted: CountedLimits) -> Self {
        Self { counted, ..self }
    }

    /// The limit on one execution's code.
    pub fn execution_limit(&self) -> Duration {
        self.settings.execution_limit
    }

    fn now(&self) -> OffsetDateTime {
        (self.settings.now)()
    }

    /// The newest entry of a sandbox that runs. Remembered, it only speeds the call up: it refuses nothing.
    async fn running_head(&self, id: &SandboxId) -> Result<KnownHead, ServiceError> {
        if let Some(head) = self.heads.get(id).filter(|head| !self.is_gone(head) && is_running(head)) {
            if self.settings.writers == Writers::One {
                return Ok(KnownHead { head, fresh: false });
            }
            if !self.ledger.has(id, head.position.seq.saturating_add(1)).await? {
                return Ok(KnownHead { head, fresh: true });
            }
        }
        let head = self.newest(id).await?;
        demand_running(&head)?;
        Ok(KnownHead { head, fresh: true })
    }

    /// The newest entry, read now.
    async fn newest(&self, id: &SandboxId) -> Result<Arc<Head>, ServiceError> {
        let entry = self.ledger.newest(id).await?.ok_or(ServiceError::NotFound)?;
        self.learn(id, entry).await
    }

    /// An entry that was read as the newest one, with its state put together; or a newer one, where a stop meanwhile has deleted
    /// what that state is made of.
    async fn learn(&self, id: &SandboxId, mut entry: Entry) -> Result<Arc<Head>, ServiceError> {
        let decoded = loop {
            let position = entry.position;
            match self.ledger.decode(id, entry).await {
                Err(StoreError::Missing { key }) => {
                    entry = self.ledger.newest(id).await?.ok_or(ServiceError::NotFound)?;
                    if entry.position == position {
                        return Err(StoreError::Missing { key }.into());
                    }
                }
                decoded => break decoded?,
            }
        };
        let head = Arc::new(decoded);
        if self.is_gone(&head) {
            return Err(ServiceError::NotFound);
        }
        self.heads.learn(id, Arc::clone(&head));
        Ok(head)
    }

    /// Waits until no other call of this process runs code in the sandbox or changes its files.
    async fn turn(&self, id: &SandboxId, deadline: Instant) -> Result<OwnedMutexGuard<()>, ServiceError> {
        let turn = self.heads.turn(id, deadline).await;
        turn.ok_or(ServiceError::Conflict("other calls on this sandbox took all of this call's time"))
    }

    fn is_gone(&self, head: &Head) -> bool {
        self.now() - head.at > limits::SANDBOX_AGE
    }
}

/// A newest entry, and whether it was read now.
struct KnownHead {
    head: Arc<Head>,
    fresh: bool,
}

fn is_running(head: &Head) -> bool {
    head.manifest.status == Status::Running
}

/// Refuses by an entry that was read now.
fn demand_running(head: &Head) -> Result<(), ServiceError> {
    if is_running(head) { Ok(()) } else { Err(ServiceError::NotFound) }
}

fn time_left(deadline: Instant) -> bool {
    Instant::now() < deadline
}
