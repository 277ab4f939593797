//! Start, start again, and stop.

use std::time::Instant;

use time::OffsetDateTime;

use super::{
    Sandcastles, ServiceError,
    admission::{Whose, demand, parse_id},
    commit::{Commit, Draft, Tries},
};
use crate::{
    CommitId, ExecutionId, Principal, SandboxId, Scope,
    contract::StartResponse,
    entry::{Change, Head},
    layout,
    manifest::{Epoch, Manifest, Status},
    store::StoreError,
};

/// So many keys are listed and deleted at once.
const DELETE_BATCH: u16 = 1000;

impl Sandcastles {
    /// Starts a sandbox; with an id, starts one of the caller's own again.
    pub async fn start(
        &self,
        caller: &Principal,
        restart: Option<&str>,
        deadline: Instant,
    ) -> Result<StartResponse, ServiceError> {
        demand(caller, Scope::Write)?;
        let Some(id) = restart else { return self.start_new(caller, deadline).await };
        let id = parse_id(id)?;
        let head = self.newest_for(caller, &id).await?;
        // The published call knows no 403 here: what is not one's own is not found.
        if !caller.owns(&head.manifest.member) {
            return Err(ServiceError::NotFound);
        }
        if head.manifest.status == Status::Stopped {
            self.check_limits_on_starts(caller).await?;
        }
        let at = self.now();
        let started = |old: &Head| Ok(Some(started_again(old, at)));
        let new = self.change(&id, Change::Started, deadline, started).await?;
        self.interpreter.discard(&id).await;
        // Also of a sandbox that runs: an earlier start may have been cut off here.
        self.mark(&id, None, &new).await?;
        Ok(StartResponse { sandbox_id: id, created_at: at })
    }

    async fn start_new(&self, caller: &Principal, deadline: Instant) -> Result<StartResponse, ServiceError> {
        let (id, at) = (SandboxId::new(), self.now());
        let Some(member) = caller.member.clone() else {
            return Err(ServiceError::Forbidden("only a member can start a sandbox"));
        };
        self.check_limits_on_starts(caller).await?;
        let commit_id = CommitId::new();
        let manifest = by(commit_id, Manifest::started(caller.org.clone(), member, at, Epoch(1)));
        let draft = Draft {
            commit_id,
            execution_id: ExecutionId::new(),
            change: Change::Started,
            manifest: manifest.clone(),
            answered: None,
        };
        let mut tries = Tries::until(deadline);
        let marked = self.mark_running(&id, &manifest);
        let committed = self.commit(&id, None, draft, &mut tries);
        let warmed = self.interpreter.warm(&id, &manifest);
        let (marked, committed, ()) = futures::join!(marked, committed, warmed);
        marked?;
        match committed? {
            Commit::Committed(_) => Ok(StartResponse { sandbox_id: id, created_at: at }),
            Commit::Conflict(_) => Err(ServiceError::Conflict("the new sandbox's id is taken; try again")),
        }
    }

    /// Stops a sandbox: its variables and files are gone, its executions stay.
    pub async fn stop(&self, caller: &Principal, id: &str, deadline: Instant) -> Result<(), ServiceError> {
        let (id, _) = self.admit(caller, id, Scope::Write, Whose::Own).await?;
        let at = self.now();
        // Without waiting for a turn: code that runs must not hold a stop up. Its commit is refused from here on.
        let stopped = |old: &Head| Ok((old.manifest.status == Status::Running).then(|| stopped(old, at)));
        let new = self.change(&id, Change::Stopped, deadline, stopped).await?;
        self.interpreter.discard(&id).await;
        // Also of a sandbox that was stopped before: an earlier stop may have been cut off here.
        self.mark(&id, None, &new).await?;
        self.sweep_later(&id, &new).await?;
        self.delete_all(&layout::records(&id, new.epoch)).await?;
        self.delete_all(&layout::objects(&id, new.epoch)).await?;
        self.delete_all(&layout::files(&id, new.epoch)).await?;
        self.delete_all(&layout::staging(&id, new.epoch)).await?;
        self.sweep(&new.org).await;
        Ok(())
    }

    /// Commits a change that needs no interpreter, on whatever entry is the newest; `None` for a state that is there. The state
    /// afterwards.
    pub(super) async fn change(
        &self,
        id: &SandboxId,
        change: Change,
        deadline: Instant,
        new_state: impl Fn(&Head) -> Result<Option<Manifest>, ServiceError> + Send + Sync,
    ) -> Result<Manifest, ServiceError> {
        let mut head = self.newest(id).await?;
        let (call, mut tries) = (ExecutionId::new(), Tries::until(deadline));
        while super::time_left(deadline) {
            let Some(mut new) = new_state(&head)? else { return Ok(head.manifest.as_ref().clone()) };
            self.refresh_old(id, &mut new, deadline).await?;
            let commit_id = CommitId::new();
            if let Change::Started = change {
                new = by(commit_id, new);
            }
            let draft =
                Draft { commit_id, execution_id: call, change: change.clone(), manifest: new.clone(), answered: None };
            match self.commit(id, Some(&head), draft, &mut tries).await? {
                Commit::Committed(_) => return Ok(new),
                Commit::Conflict(newest) => head = newest,
            }
        }
        Err(ServiceError::Conflict("other calls kept changing this sandbox; try again"))
    }

    async fn delete_all(&self, prefix: &str) -> Result<(), StoreError> {
        loop {
            let found = self.store.list(prefix, None, DELETE_BATCH).await?;
            if found.is_empty() {
                return Ok(());
            }
            self.store.delete(&found).await?;
        }
    }
}

/// A running sandbox keeps its working files and loses its variables; a stopped one starts empty, in a life of its own.
fn started_again(head: &Head, at: OffsetDateTime) -> Manifest {
    let old = head.manifest.as_ref();
    let (org, member) = (old.org.clone(), old.member.clone());
    match old.status {
        Status::Running => Manifest {
            files: std::sync::Arc::clone(&old.files),
            marked_at: old.marked_at,
            earlier: old.earlier.clone(),
            ..Manifest::started(org, member, old.started_at, old.epoch)
        },
        Status::Stopped => Manifest {
            earlier: old.ended_lives(),
            ..Manifest::started(org, member, at, Epoch(head.position.seq.saturating_add(1)))
        },
    }
}

/// The state of a sandbox that this commit starts.
fn by(commit: CommitId, manifest: Manifest) -> Manifest {
    Manifest { started_by: Some(commit), variables_at: Some(commit), ..manifest }
}

fn stopped(head: &Head, at: OffsetDateTime) -> Manifest {
    let old = head.manifest.as_ref();
    Manifest {
        status: Status::Stopped,
        released_at: Some(at),
        earlier: old.earlier.clone(),
        ..Manifest::started(old.org.clone(), old.member.clone(), old.started_at, old.epoch)
    }
}
