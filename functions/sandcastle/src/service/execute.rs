//! The calls that run something: run on the newest state known, commit, and run again when another call committed first.

use std::{error::Error, sync::Arc, time::Instant};

use super::{
    KnownHead, Sandcastles, ServiceError,
    admission::{Whose, parse_id},
    answer,
    commit::{Answered, Commit, Draft},
    demand_running,
    execution::{ExecRequest, ExecuteRequest, Execution, Idempotency, Request},
    rebase, time_left,
};
use crate::{
    CommitId, Principal, Scope,
    contract::{ExecResponse, ExecuteResponse},
    counters,
    entry::{Change, Head},
    interpreter::{Outcome, RunError},
    report::Report,
    store::StoreError,
};

/// So many attempts of one execution may come to nothing.
const MAX_REJECTED: u32 = 3;
/// So many runs of one execution may lose to other calls, which committed first.
const MAX_LOST: u32 = 5;

/// An execution that is in the ledger.
struct Committed {
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
        deadline: Instant,
    ) -> Result<ExecuteResponse, ServiceError> {
        let Committed { head, report } = self.run_and_commit(caller, id, request.into(), deadline).await?;
        answer::response(self.store.as_ref(), &parse_id(id)?, head.manifest.epoch, report, self.now()).await
    }

    /// Runs a command in a process of its own, among the sandbox's files, and answers when that is in the ledger.
    pub async fn exec(
        &self,
        caller: &Principal,
        id: &str,
        request: ExecRequest,
        deadline: Instant,
    ) -> Result<ExecResponse, ServiceError> {
        let Committed { report, .. } = self.run_and_commit(caller, id, request.into(), deadline).await?;
        Ok(answer::exec_response(report))
    }

    async fn run_and_commit(
        &self,
        caller: &Principal,
        id: &str,
        request: Request,
        deadline: Instant,
    ) -> Result<Committed, ServiceError> {
        let sandbox = self.admit_by_known(caller, id, Scope::Execute, Whose::Own).await?;
        let mut execution = Execution::parse(sandbox, request, deadline, self.settings.execution_limit)?;
        let _turn = self.turn(&sandbox, deadline).await?;
        let mut known = self.running_head(&sandbox).await?;
        execution.begin(&known.head);
        loop {
            let head = Arc::clone(&known.head);
            execution.demand_same_start(&head)?;
            if let Some(recent) = execution.answered_by(&head)? {
                let (epoch, result) = (head.manifest.epoch, recent.result);
                if let Some(report) = self.ledger.get_record(&sandbox, epoch, result).await? {
                    return Ok(Committed { head, report });
                }
            }
            if execution.lost >= MAX_LOST || !time_left(execution.deadline) {
                return Err(ServiceError::Conflict("other calls kept changing this sandbox; try again"));
            }
            match self.attempt(&mut execution, &known).await? {
                Commit::Committed(commit) => {
                    let missing = || RunError::failed("the committed attempt left no report");
                    let report = execution.reports.remove(&commit);
                    let report = report.ok_or_else(|| ServiceError::Interpreter(missing()))?;
                    return Ok(Committed { head, report });
                }
                Commit::Conflict(newest) => {
                    demand_running(&newest)?;
                    known = KnownHead { head: newest, fresh: true };
                }
            }
        }
    }

    /// One attempt and its commit. One that came to nothing counts as a conflict.
    async fn attempt(&self, execution: &mut Execution, known: &KnownHead) -> Result<Commit, ServiceError> {
        let job = execution.job(known);
        let (commit_id, parent) = (job.commit, &known.head);
        let outcome = match self.interpreter.run(job).await {
            Err(error @ (RunError::Stale | RunError::Store(StoreError::Missing { .. }))) => {
                let newest = self.newest(&execution.sandbox).await?;
                if known.fresh && newest.position == parent.position {
                    return Err(run_error(error));
                }
                return Ok(Commit::Conflict(newest));
            }
            // A stop or a restart ends the kernel of a call that runs; where the sandbox goes on, so may the call.
            Err(RunError::Failed(why)) => return self.reject(execution, why).await,
            outcome => outcome.map_err(run_error)?,
        };
        if outcome.report.kernel_died {
            tracing::info!(metric = counters::KERNEL_DEATHS, sandbox = %execution.sandbox, "a kernel died");
        }
        if outcome.parent != parent.position {
            let why = format!("a job ran on entry {}, not on {}", outcome.parent.seq, parent.position.seq);
            return self.reject(execution, why.into()).await;
        }
        let mut draft = self.draft(execution, parent, commit_id, outcome).await?;
        let mut onto = Arc::clone(parent);
        loop {
            let commit = self.commit(&execution.sandbox, Some(&onto), draft.clone(), &mut execution.tries).await?;
            let Commit::Conflict(newest) = commit else { return Ok(commit) };
            let seq = onto.position.seq.saturating_add(1);
            tracing::info!(metric = counters::COMMIT_CONFLICTS, sandbox = %execution.sandbox, seq, "commit conflict");
            match rebase::onto(&onto.manifest, &draft.manifest, &newest.manifest) {
                Some(manifest) if time_left(execution.deadline) => (draft.manifest, onto) = (manifest, newest),
                _ => {
                    execution.lost += 1;
                    return Ok(Commit::Conflict(newest));
                }
            }
        }
    }

    /// Discards the kernel of an attempt that came to nothing, so that the execution runs again; but not for ever.
    async fn reject(
        &self,
        execution: &mut Execution,
        why: Box<dyn Error + Send + Sync>,
    ) -> Result<Commit, ServiceError> {
        tracing::warn!(sandbox = %execution.sandbox, error = &*why as &dyn Error, "an attempt came to nothing");
        self.interpreter.discard(&execution.sandbox).await;
        self.heads.note_contention(&execution.sandbox);
        execution.rejected += 1;
        if execution.rejected >= MAX_REJECTED {
            return Err(ServiceError::Interpreter(RunError::Failed(why)));
        }
        Ok(Commit::Conflict(self.newest(&execution.sandbox).await?))
    }

    /// What the commit of an outcome writes. Whatever the interpreter does not own is taken from the parent.
    async fn draft(
        &self,
        execution: &mut Execution,
        parent: &Head,
        commit_id: CommitId,
        outcome: Outcome,
    ) -> Result<Draft, ServiceError> {
        let Outcome { mut manifest, report, .. } = outcome;
        answer::keep_identity(&mut manifest, &parent.manifest);
        if !manifest.has_variables_of(&parent.manifest) {
            manifest.variables_at = Some(commit_id);
        }
        self.refresh_old(&execution.sandbox, &mut manifest, execution.deadline).await?;
        let answered = match execution.idempotency {
            Some(Idempotency { key, request }) => {
                let result = self.ledger.put_record(&execution.sandbox, manifest.epoch, &report).await?;
                Some(Answered { key, request, execution_id: execution.id, result })
            }
            None => None,
        };
        let change = Change::Executed(answer::executed(&execution.work, execution.source, &report));
        execution.reports.insert(commit_id, report);
        Ok(Draft { commit_id, execution_id: execution.id, change, manifest, answered })
    }
}

fn run_error(error: RunError) -> ServiceError {
    match error {
        RunError::Busy => ServiceError::Busy,
        RunError::NoTime => {
            ServiceError::Conflict("too little of this call's time was left to run the code; try again")
        }
        RunError::TooLate => ServiceError::Conflict(
            "the code ended, but too little of this call's time was left to store its files; nothing of it was kept; try again",
        ),
        RunError::TooMuch => ServiceError::Invalid(
            "the stored variables that this code may need take more disk than a sandbox may use; name fewer variables"
                .to_owned(),
        ),
        RunError::Store(error) => ServiceError::Store(error),
        error @ (RunError::Failed(_) | RunError::Stale) => ServiceError::Interpreter(error),
    }
}
