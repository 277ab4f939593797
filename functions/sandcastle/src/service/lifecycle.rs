//! Start, start again, and stop.

use std::time::Instant;

use time::OffsetDateTime;

use super::{
    Sandcastles, ServiceError, Whose, authorise,
    commit::{Draft, Outcome, Patience},
    demand, parse_id,
};
use crate::{
    CommitId, ExecutionId, Principal, SandboxId, Scope,
    contract::StartResponse,
    entry::{Change, Head},
    keys,
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
        let head = self.newest(&id).await?;
        // The published call knows no 403 here: what is not one's own is not found.
        if head.manifest.org != caller.org || head.manifest.member != caller.member {
            return Err(ServiceError::NotFound);
        }
        let at = self.now();
        self.change(&id, Change::Started, deadline, |old| Ok(started_again(old, at))).await?;
        self.interpreter.discard(&id).await;
        if head.manifest.status == Status::Stopped {
            self.mark_running(&id, caller, at).await?;
            let stopped_at = head.manifest.released_at.unwrap_or(head.at);
            let marker = keys::marker(stopped_at, head.manifest.started_at, &id, &caller.member);
            self.store.delete(&[format!("{}{marker}", keys::stopped(&caller.org))]).await?;
        }
        Ok(StartResponse { sandbox_id: id, created_at: at })
    }

    async fn start_new(&self, caller: &Principal, deadline: Instant) -> Result<StartResponse, ServiceError> {
        let (id, at) = (SandboxId::new(), self.now());
        let manifest = Manifest::started(caller.org.clone(), caller.member.clone(), at, Epoch(1));
        let draft = Draft {
            commit_id: CommitId::new(),
            execution_id: ExecutionId::new(),
            change: Change::Started,
            manifest: manifest.clone(),
            recent: None,
        };
        let marked = self.mark_running(&id, caller, at);
        let committed = self.commit(&id, None, draft, Patience { deadline, since: 0 });
        let warmed = self.interpreter.warm(&id, &manifest);
        let (marked, committed, ()) = futures::join!(marked, committed, warmed);
        marked?;
        match committed? {
            Outcome::Committed(_) => Ok(StartResponse { sandbox_id: id, created_at: at }),
            Outcome::Lost(_) => Err(ServiceError::Conflict("the new sandbox's id is taken; try again")),
        }
    }

    /// Stops a sandbox: its variables and files are gone, its executions stay.
    pub async fn stop(&self, caller: &Principal, id: &str, deadline: Instant) -> Result<(), ServiceError> {
        let id = parse_id(id)?;
        let head = self.newest(&id).await?;
        authorise(caller, &head, Scope::Write, Whose::Own)?;
        let (at, started_at) = (self.now(), head.manifest.started_at);
        let mut epoch = head.manifest.epoch;
        if head.manifest.status == Status::Running {
            let stopped = self.change(&id, Change::Stopped, deadline, |old| Ok(stopped(old, at))).await?;
            epoch = stopped.epoch;
        }
        self.interpreter.discard(&id).await;
        let released_at = if head.manifest.status == Status::Running { Some(at) } else { head.manifest.released_at };
        self.mark_stopped(&id, &head, started_at, released_at.unwrap_or(at)).await?;
        self.delete_all(&keys::objects(&id, epoch)).await?;
        self.delete_all(&keys::files(&id, epoch)).await?;
        Ok(())
    }

    /// Commits a change that needs no interpreter, on whatever entry is the newest.
    pub(super) async fn change(
        &self,
        id: &SandboxId,
        change: Change,
        deadline: Instant,
        new_state: impl Fn(&Head) -> Result<Manifest, ServiceError> + Send + Sync,
    ) -> Result<Manifest, ServiceError> {
        let turn = self.heads.turn(id, deadline).await;
        let _turn = turn.ok_or(ServiceError::Conflict("other calls on this sandbox took all of this call's time"))?;
        let mut head = self.newest(id).await?;
        let (call, since) = (ExecutionId::new(), head.position.seq);
        while super::time_left(deadline) {
            let manifest = new_state(&head)?;
            let draft = Draft {
                commit_id: CommitId::new(),
                execution_id: call,
                change: change.clone(),
                manifest: manifest.clone(),
                recent: None,
            };
            match self.commit(id, Some(&head), draft, Patience { deadline, since }).await? {
                Outcome::Committed(_) => return Ok(manifest),
                Outcome::Lost(newest) => head = newest,
            }
        }
        Err(ServiceError::Conflict("other calls kept changing this sandbox; try again"))
    }

    async fn mark_running(&self, id: &SandboxId, owner: &Principal, at: OffsetDateTime) -> Result<(), StoreError> {
        let marker = keys::marker(at, at, id, &owner.member);
        self.store.put(&format!("{}{marker}", keys::running(&owner.org)), bytes::Bytes::new()).await
    }

    async fn mark_stopped(
        &self,
        id: &SandboxId,
        head: &Head,
        started_at: OffsetDateTime,
        released_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Manifest { org, member, .. } = head.manifest.as_ref();
        let marker = keys::marker(released_at, started_at, id, member);
        self.store.put(&format!("{}{marker}", keys::stopped(org)), bytes::Bytes::new()).await?;
        let running = format!("{}{}", keys::running(org), keys::marker(started_at, started_at, id, member));
        self.store.delete(&[running]).await
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
            ..Manifest::started(org, member, old.started_at, old.epoch)
        },
        Status::Stopped => Manifest::started(org, member, at, Epoch(head.position.seq.saturating_add(1))),
    }
}

fn stopped(head: &Head, at: OffsetDateTime) -> Manifest {
    let old = head.manifest.as_ref();
    Manifest {
        status: Status::Stopped,
        released_at: Some(at),
        ..Manifest::started(old.org.clone(), old.member.clone(), old.started_at, old.epoch)
    }
}
