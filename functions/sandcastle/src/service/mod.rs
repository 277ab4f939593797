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
    interpreter::{Interpreter, RunError},
    ledger::Ledger,
    limits,
    manifest::Status,
    store::{ObjectStore, StoreError},
};

mod admission;
mod call;
mod commit;
mod execute;
mod files;
mod heads;
mod lifecycle;
pub mod listing;
mod record;
mod recorded;
mod room;

use admission::{Whose, demand, parse_id};
pub use files::{Content, Destination, FileContent, Upload};

/// Why a call was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No such sandbox, or none that this caller may know of.
    #[error("no such sandbox")]
    NotFound,
    /// No such file in this sandbox.
    #[error("no such file")]
    NoFile,
    /// Nothing was uploaded to this place, or not in this life of the sandbox.
    #[error("there is no such upload in this sandbox; PUT the file to its url first")]
    NotUploaded,
    /// No such execution of this sandbox.
    #[error("no such execution")]
    NoExecution,
    /// The caller may know of it, but not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Other calls kept changing the sandbox; trying again may help.
    #[error("{0}")]
    Conflict(&'static str),
    /// An idempotency key was used for something else.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The member has as many running sandboxes as the key allows.
    #[error("{}", too_many_sandboxes(*.0))]
    TooManySandboxes(u32),
    /// No kernel was free in time.
    #[error("no kernel is free")]
    Busy,
    /// Storage failed.
    #[error("storage")]
    Store(#[from] StoreError),
    /// The interpreter failed.
    #[error("interpreter")]
    Interpreter(#[source] RunError),
}

/// How many they may be, and how to get below that.
fn too_many_sandboxes(limit: u32) -> String {
    let days = limits::SANDBOX_AGE.as_secs() / (24 * 3600);
    format!(
        "this key starts a sandbox only while its member has fewer than {limit} running: stop one with DELETE \
         /v2/sandcastles/{{id}}; one that is not used for {days} days stops counting by itself"
    )
}

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
    heads: heads::Heads,
}

impl Sandcastles {
    /// Puts the parts together.
    pub fn new(store: Arc<dyn ObjectStore>, interpreter: Arc<dyn Interpreter>, settings: Settings) -> Self {
        Self { ledger: Ledger::new(Arc::clone(&store)), store, interpreter, settings, heads: heads::Heads::default() }
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
        let entry = self.ledger.newest_entry(id).await?.ok_or(ServiceError::NotFound)?;
        self.learn(id, entry).await
    }

    /// An entry that was read as the newest one, with its state put together.
    async fn learn(&self, id: &SandboxId, entry: Entry) -> Result<Arc<Head>, ServiceError> {
        let head = Arc::new(self.ledger.resolve(id, entry).await?);
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
