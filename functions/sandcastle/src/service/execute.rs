//! The calls that run something: run on the newest state known, commit, and run again when another call was quicker.

use std::{sync::Arc, time::Instant};

use super::{
    Sandcastles, ServiceError, Whose,
    call::{Call, Idempotency, Order},
    commit::{Draft, Outcome, Patience},
    demand_running, parse_id, recorded, time_left,
};
use crate::{
    CommitId, Principal, Scope,
    contract::{ExecRequest, ExecResponse, ExecuteRequest, ExecuteResponse, Source},
    entry::{Change, Head, Recent},
    interpreter::{Ran, RunError, Work},
    metrics,
    report::Report,
};

/// So many runs of one call may come to nothing.
const MAX_REJECTED: u32 = 3;

/// A call that is in the ledger.
struct Recorded {
    head: Arc<Head>,
    report: Report,
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
        let ExecuteRequest { code, display_last, limit, source } = request;
        let order = Order { work: Work::Cell { code: code.into(), display_last }, limit, source };
        let Recorded { head, report } = self.run_recorded(caller, id, order, idempotency_key, deadline).await?;
        recorded::response(self.store.as_ref(), &parse_id(id)?, head.manifest.epoch, report, self.now()).await
    }

    /// Runs a command in a process of its own, among the sandbox's files, and answers when that is in the ledger.
    pub async fn exec(
        &self,
        caller: &Principal,
        id: &str,
        request: ExecRequest,
        idempotency_key: Option<&str>,
        deadline: Instant,
    ) -> Result<ExecResponse, ServiceError> {
        let work = Work::Command(Arc::new(request.command));
        let order = Order { work, limit: request.limit, source: Source::PlatformApi };
        let Recorded { report, .. } = self.run_recorded(caller, id, order, idempotency_key, deadline).await?;
        Ok(recorded::exec_response(report))
    }

    async fn run_recorded(
        &self,
        caller: &Principal,
        id: &str,
        order: Order,
        idempotency_key: Option<&str>,
        deadline: Instant,
    ) -> Result<Recorded, ServiceError> {
        let (sandbox, head) = self.admit_by_known(caller, id, Scope::Execute, Whose::Own).await?;
        demand_running(&head)?;
        let mut call = Call::parse(sandbox, order, idempotency_key, deadline, self.settings.execution_limit)?;
        let _turn = self.turn(&sandbox, deadline).await?;
        let mut head = self.head(&sandbox).await?;
        call.since = head.position.seq;
        loop {
            demand_running(&head)?;
            if let Some(recent) = call.answered_by(&head)?
                && let Some(report) = self.ledger.find_kept(&sandbox, head.manifest.epoch, recent.result).await?
            {
                return Ok(Recorded { head, report });
            }
            if !time_left(call.deadline) {
                return Err(ServiceError::Conflict("other calls kept changing this sandbox; try again"));
            }
            match self.attempt(&mut call, &head).await? {
                Ok(commit) => {
                    let what = || "the attempt that counts left no report".to_owned();
                    let report = call.attempts.remove(&commit);
                    let report = report.ok_or_else(|| ServiceError::Interpreter(RunError::Kernel { what: what() }))?;
                    return Ok(Recorded { head, report });
                }
                Err(newest) => head = newest,
            }
        }
    }

    /// One run and its commit: the commit id that counts, or the newest entry when the run was in vain.
    async fn attempt(&self, call: &mut Call, head: &Arc<Head>) -> Result<Result<CommitId, Arc<Head>>, ServiceError> {
        let job = call.job(Arc::clone(head));
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
        let change = Change::Executed(recorded::executed(&call.work, call.source, &ran.report));
        call.attempts.insert(commit_id, ran.report);
        Ok(Draft { commit_id, execution_id: call.execution, change, manifest, recent })
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
