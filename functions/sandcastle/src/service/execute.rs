//! The execute call: run on the newest state known, commit, and run again when another call was quicker.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Sandcastles, ServiceError, Whose, authorise,
    commit::{Draft, Outcome, Patience},
    demand_running, parse_id, recorded, time_left,
};
use crate::{
    CommitId, ContentHash, ExecutionId, Principal, SandboxId, Scope,
    contract::{ExecuteRequest, ExecuteResponse, Source},
    entry::{Change, Head, Recent},
    interpreter::{Job, Ran, RunError},
    limits, metrics,
    report::Report,
};

/// So many runs of one call may come to nothing.
const MAX_REJECTED: u32 = 3;

/// How a call is known to be the same one: the digests of its idempotency key and of its request.
#[derive(Clone, Copy)]
struct Idempotency {
    key: ContentHash,
    request: ContentHash,
}

/// One call, through all its re-runs.
struct Call {
    sandbox: SandboxId,
    execution: ExecutionId,
    code: Arc<str>,
    source: Source,
    display_last: bool,
    idempotency: Option<Idempotency>,
    deadline: Instant,
    /// Number of the entry that the first attempt stood on.
    since: u64,
    /// Runs that came to nothing.
    rejected: u32,
    /// What each attempt came to: an attempt that seemed lost may turn out to be the one that counts.
    attempts: HashMap<CommitId, Report>,
}

impl Sandcastles {
    /// Runs code in a sandbox and answers when that is in the ledger.
    pub async fn execute(
        &self,
        caller: &Principal,
        id: &str,
        request: ExecuteRequest,
        idempotency_key: Option<&str>,
        deadline: Instant,
    ) -> Result<ExecuteResponse, ServiceError> {
        let sandbox = parse_id(id)?;
        let head = self.head(&sandbox).await?;
        authorise(caller, &head, Scope::Execute, Whose::Own)?;
        demand_running(&head)?;
        let mut call = Call::parse(sandbox, request, idempotency_key, deadline)?;
        let _turn = self.turn(&sandbox, deadline).await?;
        let mut head = self.head(&sandbox).await?;
        call.since = head.position.seq;
        loop {
            demand_running(&head)?;
            if let Some(recent) = call.answered_by(&head)?
                && let Some(report) = self.ledger.find_kept(&sandbox, head.manifest.epoch, recent.result).await?
            {
                return self.answer(&sandbox, &head, report).await;
            }
            if !time_left(call.deadline) {
                return Err(ServiceError::Conflict("other calls kept changing this sandbox; try again"));
            }
            match self.attempt(&mut call, &head).await? {
                Ok(commit) => {
                    let what = || "the attempt that counts left no report".to_owned();
                    let report = call.attempts.remove(&commit);
                    let report = report.ok_or_else(|| ServiceError::Interpreter(RunError::Kernel { what: what() }))?;
                    return self.answer(&sandbox, &head, report).await;
                }
                Err(newest) => head = newest,
            }
        }
    }

    /// One run and its commit: the commit id that counts, or the newest entry when the run was in vain.
    async fn attempt(&self, call: &mut Call, head: &Arc<Head>) -> Result<Result<CommitId, Arc<Head>>, ServiceError> {
        let job = call.job(Arc::clone(head), self.settings.execution_limit);
        let commit_id = job.commit;
        let ran = match self.interpreter.run(job).await {
            // A stop or a restart takes the kernel away from under a call; where the sandbox runs on, so does the call.
            Err(RunError::Kernel { what }) => return self.reject(call, what).await.map(Err),
            ran => ran.map_err(run_error)?,
        };
        if ran.report.kernel_died {
            tracing::info!(metric = metrics::KERNEL_DEATHS, sandbox = %call.sandbox, "a kernel died");
        }
        let Some(parent) = self.parent_of(call, head, &ran).await? else {
            let what = format!("a run stood on entry {}, which is not in the ledger", ran.base.seq);
            return self.reject(call, what).await.map(Err);
        };
        let draft = self.draft(call, &parent, commit_id, ran).await?;
        let patience = Patience { deadline: call.deadline, since: call.since };
        match self.commit(&call.sandbox, Some(&parent), draft, patience).await? {
            Outcome::Committed(commit) => Ok(Ok(commit)),
            Outcome::Lost(newest) => {
                let seq = parent.position.seq.saturating_add(1);
                tracing::info!(metric = metrics::COMMIT_CONFLICTS, sandbox = %call.sandbox, seq, "commit conflict");
                Ok(Err(newest))
            }
        }
    }

    /// A run that came to nothing is thrown away with its kernel, and the call runs again; but not for ever.
    async fn reject(&self, call: &mut Call, what: String) -> Result<Arc<Head>, ServiceError> {
        tracing::warn!(sandbox = %call.sandbox, what, "a run came to nothing");
        self.interpreter.discard(&call.sandbox).await;
        self.heads.note_contention(&call.sandbox);
        call.rejected += 1;
        if call.rejected >= MAX_REJECTED {
            return Err(ServiceError::Interpreter(RunError::Kernel { what }));
        }
        self.newest(&call.sandbox).await
    }

    /// The entry that the run stood on, once it was seen in the ledger with the very commit id that the interpreter names.
    async fn parent_of(&self, call: &Call, head: &Arc<Head>, ran: &Ran) -> Result<Option<Arc<Head>>, ServiceError> {
        if ran.base == head.position {
            return Ok(Some(Arc::clone(head)));
        }
        let entry = self.ledger.read(&call.sandbox, ran.base.seq).await?;
        match entry.filter(|entry| entry.position == ran.base) {
            Some(entry) => Ok(Some(Arc::new(self.ledger.resolve(&call.sandbox, entry).await?))),
            None => Ok(None),
        }
    }

    /// What the commit of a run writes. Whatever the interpreter does not own is taken from the parent.
    async fn draft(
        &self,
        call: &mut Call,
        parent: &Head,
        commit_id: CommitId,
        ran: Ran,
    ) -> Result<Draft, ServiceError> {
        let mut manifest = ran.manifest;
        recorded::keep_identity(&mut manifest, &parent.manifest);
        self.refresh_old(&call.sandbox, &mut manifest).await?;
        let recent = match call.idempotency {
            Some(Idempotency { key, request }) => {
                let result = self.ledger.keep(&call.sandbox, manifest.epoch, &ran.report).await?;
                let seq = parent.position.seq.saturating_add(1);
                Some(Recent { key, request, seq, execution_id: call.execution, result })
            }
            None => None,
        };
        let change = Change::Executed(recorded::executed(&call.code, call.source, &ran.report));
        call.attempts.insert(commit_id, ran.report);
        Ok(Draft { commit_id, execution_id: call.execution, change, manifest, recent })
    }

    async fn answer(&self, id: &SandboxId, head: &Head, report: Report) -> Result<ExecuteResponse, ServiceError> {
        recorded::response(self.store.as_ref(), id, head.manifest.epoch, report, self.now()).await
    }
}

impl Call {
    fn parse(
        sandbox: SandboxId,
        request: ExecuteRequest,
        key: Option<&str>,
        deadline: Instant,
    ) -> Result<Self, ServiceError> {
        if request.code.len() > limits::MAX_CODE_BYTES {
            let message = format!("code is longer than {} bytes", limits::MAX_CODE_BYTES);
            return Err(ServiceError::Invalid(message));
        }
        if key.is_some_and(|key| key.is_empty() || key.len() > limits::MAX_IDEMPOTENCY_KEY_BYTES) {
            let message = format!("Idempotency-Key has to be 1 to {} bytes", limits::MAX_IDEMPOTENCY_KEY_BYTES);
            return Err(ServiceError::Invalid(message));
        }
        let flag = if request.display_last { b"+" } else { b"-" };
        let idempotency = key.map(|key| Idempotency {
            key: ContentHash::of(key.as_bytes()),
            request: ContentHash::of(&[flag, request.code.as_bytes()].concat()),
        });
        Ok(Self {
            sandbox,
            execution: ExecutionId::new(),
            code: request.code.into(),
            source: request.source,
            display_last: request.display_last,
            idempotency,
            deadline,
            since: 0,
            rejected: 0,
            attempts: HashMap::new(),
        })
    }

    /// The earlier call that had this idempotency key.
    fn answered_by<'h>(&self, head: &'h Head) -> Result<Option<&'h Recent>, ServiceError> {
        let Some(wanted) = self.idempotency else { return Ok(None) };
        match head.recent.iter().find(|recent| recent.key == wanted.key) {
            Some(recent) if recent.request == wanted.request => Ok(Some(recent)),
            Some(_) => Err(ServiceError::KeyReused),
            None => Ok(None),
        }
    }

    fn job(&self, head: Arc<Head>, limit: Duration) -> Job {
        Job {
            sandbox: self.sandbox,
            execution: self.execution,
            commit: CommitId::new(),
            head,
            code: Arc::clone(&self.code),
            display_last: self.display_last,
            limit,
            deadline: self.deadline,
        }
    }
}

fn run_error(error: RunError) -> ServiceError {
    match error {
        RunError::Busy => ServiceError::Busy,
        RunError::NoTime => {
            ServiceError::Conflict("too little of this call's time was left to run the code; try again")
        }
        RunError::Store(error) => ServiceError::Store(error),
        error @ RunError::Kernel { .. } => ServiceError::Interpreter(error),
    }
}
