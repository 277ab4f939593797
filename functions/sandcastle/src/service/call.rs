//! One call that runs something: what is asked for, and what each of its attempts came to.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::ServiceError;
use crate::{
    CommitId, ContentHash, ExecutionId, SandboxId,
    contract::Source,
    entry::{Head, Recent},
    interpreter::{Command, Job, Work},
    limits,
    report::Report,
};

/// What a caller asks for.
pub(super) struct Order {
    /// What is to run.
    pub(super) work: Work,
    /// A limit below the deployment's.
    pub(super) limit: Option<Duration>,
    /// The way that it came.
    pub(super) source: Source,
}

/// How a call is known to be the same one: the digests of its idempotency key and of its request.
#[derive(Clone, Copy)]
pub(super) struct Idempotency {
    pub(super) key: ContentHash,
    pub(super) request: ContentHash,
}

/// One call, through all its re-runs.
pub(super) struct Call {
    pub(super) sandbox: SandboxId,
    pub(super) execution: ExecutionId,
    pub(super) work: Work,
    pub(super) source: Source,
    pub(super) idempotency: Option<Idempotency>,
    limit: Duration,
    pub(super) deadline: Instant,
    /// Number of the entry that the first attempt stood on.
    pub(super) since: u64,
    /// Runs that came to nothing.
    pub(super) rejected: u32,
    /// What each attempt came to: an attempt that seemed lost may turn out to be the one that counts.
    pub(super) attempts: HashMap<CommitId, Report>,
}

impl Call {
    /// A call that has not begun. `longest` is what the deployment allows.
    pub(super) fn parse(
        sandbox: SandboxId,
        order: Order,
        key: Option<&str>,
        deadline: Instant,
        longest: Duration,
    ) -> Result<Self, ServiceError> {
        check(&order.work)?;
        if order.limit.is_some_and(|limit| limit > longest) {
            let message = format!("timeout_s has to be at most {} here", longest.as_secs_f64());
            return Err(ServiceError::Invalid(message));
        }
        if key.is_some_and(|key| key.is_empty() || key.len() > limits::MAX_IDEMPOTENCY_KEY_BYTES) {
            let message = format!("Idempotency-Key has to be 1 to {} bytes", limits::MAX_IDEMPOTENCY_KEY_BYTES);
            return Err(ServiceError::Invalid(message));
        }
        let idempotency = key.map(|key| Idempotency {
            key: ContentHash::of(key.as_bytes()),
            request: ContentHash::of(&request_bytes(&order.work)),
        });
        Ok(Self {
            sandbox,
            execution: ExecutionId::new(),
            work: order.work,
            source: order.source,
            idempotency,
            limit: order.limit.unwrap_or(longest),
            deadline,
            since: 0,
            rejected: 0,
            attempts: HashMap::new(),
        })
    }

    /// The earlier call that had this idempotency key.
    pub(super) fn answered_by<'h>(&self, head: &'h Head) -> Result<Option<&'h Recent>, ServiceError> {
        let Some(wanted) = self.idempotency else { return Ok(None) };
        match head.recent.iter().find(|recent| recent.key == wanted.key) {
            Some(recent) if recent.request == wanted.request => Ok(Some(recent)),
            Some(_) => Err(ServiceError::KeyReused),
            None => Ok(None),
        }
    }

    /// The next attempt.
    pub(super) fn job(&self, head: Arc<Head>) -> Job {
        Job {
            sandbox: self.sandbox,
            execution: self.execution,
            commit: CommitId::new(),
            head,
            work: self.work.clone(),
            limit: self.limit,
            deadline: self.deadline,
        }
    }
}

fn check(work: &Work) -> Result<(), ServiceError> {
    let (name, most) = match work {
        Work::Cell { .. } => ("code", limits::MAX_CODE_BYTES),
        Work::Command(_) => ("command", limits::MAX_COMMAND_BYTES),
    };
    if work.source().len() > most {
        return Err(ServiceError::Invalid(format!("{name} is longer than {most} bytes")));
    }
    match work {
        Work::Cell { .. } => Ok(()),
        Work::Command(command) => check_command(command),
    }
}

/// What could not become the arguments and the environment of a program.
fn check_command(command: &Command) -> Result<(), ServiceError> {
    let wrong = |message: String| Err(ServiceError::Invalid(message));
    if command.source.contains('\0') {
        return wrong("command must not contain NUL".into());
    }
    let unsound =
        |(name, value): &(&String, &String)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0');
    if command.env.iter().any(|variable| unsound(&variable)) {
        return wrong("env must not have empty names, names with =, or NUL".into());
    }
    let bytes: usize = command.env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    if bytes > limits::MAX_ENV_BYTES {
        return wrong(format!("env is longer than {} bytes", limits::MAX_ENV_BYTES));
    }
    Ok(())
}

/// What makes two calls with one idempotency key the same.
fn request_bytes(work: &Work) -> Vec<u8> {
    match work {
        Work::Cell { code, display_last } => {
            let flag = if *display_last { b"+" } else { b"-" };
            [flag, code.as_bytes()].concat()
        }
        Work::Command(command) => {
            let mut parts = vec![command.kind.as_str(), command.source.as_str()];
            parts.extend(command.env.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
            // No part has a NUL in it.
            parts.join("\0").into_bytes()
        }
    }
}
