//! One execution: what is asked for, and what each of its attempts came to.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{KnownHead, ServiceError, commit::Tries};
use crate::{
    Code, Command, CommandKind, CommitId, ContentHash, ExecutionId, IdempotencyKey, SandboxId, WorkError,
    contract::Source,
    entry::{Head, Recent},
    interpreter::{Job, Work},
    report::Report,
};

/// Code to run, as a caller asks for it.
#[derive(Debug)]
pub struct ExecuteRequest {
    /// Python source.
    pub code: String,
    /// Show the value of a last bare expression as one more element of output.
    pub display_last: bool,
    /// A limit on the code below the deployment's.
    pub limit: Option<Duration>,
    /// Where the call came from.
    pub source: Source,
    /// What makes a repeated call the same one.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// A command to run, as a caller asks for it.
#[derive(Debug)]
pub struct ExecRequest {
    /// What reads it.
    pub kind: CommandKind,
    /// The command.
    pub command: String,
    /// Variables on top of a new kernel's environment.
    pub env: BTreeMap<String, String>,
    /// A limit on it below the deployment's.
    pub limit: Option<Duration>,
    /// What makes a repeated call the same one.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What both kinds of request come to.
pub(super) struct Request {
    work: Result<Work, WorkError>,
    limit: Option<Duration>,
    source: Source,
    idempotency_key: Option<IdempotencyKey>,
}

impl From<ExecuteRequest> for Request {
    fn from(request: ExecuteRequest) -> Self {
        let ExecuteRequest { code, display_last, limit, source, idempotency_key } = request;
        let work = Code::parse(code).map(|code| Work::Cell { code, display_last });
        Self { work, limit, source, idempotency_key }
    }
}

impl From<ExecRequest> for Request {
    fn from(request: ExecRequest) -> Self {
        let ExecRequest { kind, command, env, limit, idempotency_key } = request;
        let work = Command::parse(kind, command, env).map(|command| Work::Command(Arc::new(command)));
        Self { work, limit, source: Source::PlatformApi, idempotency_key }
    }
}

/// How an execution is known to be the same one: the digests of its idempotency key and of its request.
#[derive(Clone, Copy)]
pub(super) struct Idempotency {
    pub(super) key: ContentHash,
    pub(super) request: ContentHash,
}

/// One execution, through all its attempts.
pub(super) struct Execution {
    pub(super) sandbox: SandboxId,
    pub(super) id: ExecutionId,
    pub(super) work: Work,
    pub(super) source: Source,
    pub(super) idempotency: Option<Idempotency>,
    limit: Duration,
    pub(super) deadline: Instant,
    /// What it has tried to commit.
    pub(super) tries: Tries,
    /// The start of the sandbox before this execution.
    started_by: Option<CommitId>,
    /// Attempts that came to nothing.
    pub(super) rejected: u32,
    /// Runs that lost to other calls.
    pub(super) lost: u32,
    /// What each attempt came to: an attempt that seemed lost may turn out to be the one that was committed.
    pub(super) reports: HashMap<CommitId, Report>,
}

impl Execution {
    /// An execution that has not begun. `longest` is the most that the deployment allows.
    pub(super) fn parse(
        sandbox: SandboxId,
        request: Request,
        deadline: Instant,
        longest: Duration,
    ) -> Result<Self, ServiceError> {
        let work = request.work.map_err(|error| ServiceError::Invalid(error.to_string()))?;
        if request.limit.is_some_and(|limit| limit > longest) {
            let message = format!("timeout_s must be at most {} here", longest.as_secs_f64());
            return Err(ServiceError::Invalid(message));
        }
        let idempotency = request.idempotency_key.map(|key| Idempotency {
            key: ContentHash::of(key.as_str().as_bytes()),
            request: ContentHash::of(&identity(&work)),
        });
        Ok(Self {
            sandbox,
            id: ExecutionId::new(),
            work,
            source: request.source,
            idempotency,
            limit: request.limit.unwrap_or(longest),
            deadline,
            tries: Tries::until(deadline),
            started_by: None,
            rejected: 0,
            lost: 0,
            reports: HashMap::new(),
        })
    }

    /// Notes the start of the sandbox that the first attempt runs in.
    pub(super) fn begin(&mut self, head: &Head) {
        self.started_by = head.manifest.started_by;
    }

    /// Refuses to go on in a sandbox that was started again since this execution began: its caller asked for the old variables,
    /// and whoever started it again wanted to be rid of them.
    pub(super) fn demand_same_start(&self, head: &Head) -> Result<(), ServiceError> {
        if head.manifest.started_by == self.started_by {
            return Ok(());
        }
        Err(ServiceError::Conflict("the sandbox was started again while this ran; nothing of it was kept"))
    }

    /// The earlier execution that had this idempotency key.
    pub(super) fn answered_by<'h>(&self, head: &'h Head) -> Result<Option<&'h Recent>, ServiceError> {
        let Some(wanted) = self.idempotency else { return Ok(None) };
        match head.recent.iter().find(|recent| recent.key == wanted.key) {
            Some(recent) if recent.request == wanted.request => Ok(Some(recent)),
            Some(_) => Err(ServiceError::KeyReused),
            None => Ok(None),
        }
    }

    /// The next attempt.
    pub(super) fn job(&self, known: &KnownHead) -> Job {
        Job {
            sandbox: self.sandbox,
            execution: self.id,
            commit: CommitId::new(),
            head: Arc::clone(&known.head),
            fresh: known.fresh,
            work: self.work.clone(),
            limit: self.limit,
            deadline: self.deadline,
        }
    }
}

/// What makes two requests with one idempotency key the same.
fn identity(work: &Work) -> Vec<u8> {
    match work {
        Work::Cell { code, display_last } => {
            let flag = if *display_last { b"+" } else { b"-" };
            [flag, code.as_str().as_bytes()].concat()
        }
        Work::Command(command) => {
            let mut parts = vec![command.kind().as_str(), command.text()];
            parts.extend(command.env().iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
            // No part has a NUL in it.
            parts.join("\0").into_bytes()
        }
    }
}
