//! The calls of the API, with their rules: who may, what is read, what is committed.

use std::{
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
    store::ObjectStore,
};

mod admission;
mod answer;
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
mod refresh;
mod sandbox_limit;

pub use error::ServiceError;
pub use execution::{ExecRequest, ExecuteRequest};
pub use files::{Content, Destination, FileContent, Upload};

/// What the deployment sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest that one execution's code may run.
    pub execution_limit: Duration,
    /// The clock, for what is recorded and for ages.
    pub now: fn() -> OffsetDateTime,
}

/// The calls of the API over one bucket and one interpreter.
pub struct Sandcastles {
    store: Arc<dyn ObjectStore>,
    ledger: Ledger,
    interpreter: Arc<dyn Interpreter>,
    settings: Settings,
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
            heads: head_cache::HeadCache::default(),
        }
    }

    /// The limit on one execution's code.
    pub fn execution_limit(&self) -> Duration {
        self.settings.execution_limit
    }

    fn now(&self) -> OffsetDateTime {
        (self.settings.now)()
    }

    /// The newest entry as far as this process knows; read when it knows none, or when others lately wrote too.
    async fn head(&self, id: &SandboxId) -> Result<Arc<Head>, ServiceError> {
        let known = self.heads.get(id);
        match known {
            Some(head) if !self.is_gone(&head) => Ok(head),
            _ => self.newest(id).await,
        }
    }

    /// The newest entry, read now.
    async fn newest(&self, id: &SandboxId) -> Result<Arc<Head>, ServiceError> {
        let entry = self.ledger.newest(id).await?.ok_or(ServiceError::NotFound)?;
        self.learn(id, entry).await
    }

    /// An entry that was read as the newest one, with its state put together.
    async fn learn(&self, id: &SandboxId, entry: Entry) -> Result<Arc<Head>, ServiceError> {
        let head = Arc::new(self.ledger.decode(id, entry).await?);
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

fn demand_running(head: &Head) -> Result<(), ServiceError> {
    if head.manifest.status == Status::Running { Ok(()) } else { Err(ServiceError::NotFound) }
}

fn time_left(deadline: Instant) -> bool {
    Instant::now() < deadline
}
