//! One commit: write the next entry, and find out what happened, whatever storage answers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Sandcastles, ServiceError, time_left};
use crate::{
    CommitId, ContentHash, ExecutionId, SandboxId,
    entry::{Change, Entry, Head, Position, Recent},
    limits,
    manifest::{Manifest, Status},
    store::{PutNew, StoreError},
};

/// What one call has tried to commit so far, and how long it may go on.
#[derive(Debug)]
pub(super) struct Tries {
    /// A write whose outcome is unknown is tried again until then.
    deadline: Instant,
    /// The numbers of the entries that it has tried to write.
    numbers: Vec<u64>,
}

impl Tries {
    /// None so far.
    pub(super) fn until(deadline: Instant) -> Self {
        Self { deadline, numbers: Vec::new() }
    }
}

/// Pause before a write is tried again, doubled each time up to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// What is to be committed.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) commit_id: CommitId,
    pub(super) execution_id: ExecutionId,
    pub(super) change: Change,
    pub(super) manifest: Manifest,
    /// An idempotency key that this entry answers.
    pub(super) answered: Option<Answered>,
}

/// An idempotency key, and the execution that had it.
#[derive(Clone)]
pub(super) struct Answered {
    pub(super) key: ContentHash,
    pub(super) request: ContentHash,
    pub(super) execution_id: ExecutionId,
    pub(super) result: ContentHash,
}

/// What a commit came to.
pub(super) enum Commit {
    /// The call is in the ledger, by the attempt with this commit id: this one, or an earlier one that seemed lost.
    Committed(CommitId),
    /// Another call has the entry's number; this is the newest entry now.
    Conflict(Arc<Head>),
}

impl Sandcastles {
    /// Writes the entry after `parent`, which the caller has seen in the ledger.
    pub(super) async fn commit(
        &self,
        id: &SandboxId,
        parent: Option<&Head>,
        mut draft: Draft,
        tries: &mut Tries,
    ) -> Result<Commit, ServiceError> {
        draft.manifest.unmarked_bytes = self.count_stored(parent, &draft).await?;
        let seq = parent.map_or(0, |head| head.position.seq).saturating_add(1);
        let position = Position { seq, commit_id: draft.commit_id };
        let at = self.now();
        let (state, base) = self.ledger.encode(id, parent, &draft.manifest, at).await?;
        // A stop deletes the results that idempotency keys stand for, and another life never had them.
        let same_life =
            |head: &&Head| head.manifest.epoch == draft.manifest.epoch && draft.manifest.status == Status::Running;
        let recent = remembered(parent.filter(same_life), seq, draft.answered);
        let entry = Entry {
            position,
            execution_id: draft.execution_id,
            parent: parent.map(|head| head.position.commit_id),
            at,
            change: draft.change,
            state,
            recent: Arc::clone(&recent),
        };
        tries.numbers.push(seq);
        match self.write(id, &entry, tries.deadline).await {
            Ok(PutNew::Created) => {
                let head = Head { position, at, manifest: Arc::new(draft.manifest), recent, base };
                self.heads.learn(id, Arc::new(head));
                Ok(Commit::Committed(draft.commit_id))
            }
            Ok(PutNew::Exists) => self.look(id, &tries.numbers, draft.execution_id).await,
            Err(error) => {
                // Nobody knows whether the entry will be there: what this process believed is forgotten.
                self.heads.note_contention(id);
                Err(error.into())
            }
        }
    }

    /// Writes the entry until storage tells what happened: an unknown outcome is found out by writing the same entry again,
    /// which cannot be there twice.
    async fn write(&self, id: &SandboxId, entry: &Entry, deadline: Instant) -> Result<PutNew, StoreError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.ledger.append(id, entry).await {
                Err(error @ StoreError::Unknown { .. }) if time_left(deadline) => {
                    tracing::warn!(sandbox = %id, error = &error as &dyn std::error::Error, "commit is tried again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
                written => return written,
            }
        }
    }

    /// The number is taken. Whoever took it may be this very call: a try whose answer was lost, by this process or inside
    /// the SDK, may have landed. So the call is looked for in every entry that it has tried to write before it runs again.
    async fn look(&self, id: &SandboxId, numbers: &[u64], execution: ExecutionId) -> Result<Commit, ServiceError> {
        self.heads.note_contention(id);
        let newest = self.newest(id).await?;
        match self.ledger.find(id, numbers, execution).await? {
            Some(entry) => Ok(Commit::Committed(entry.position.commit_id)),
            None => Ok(Commit::Conflict(newest)),
        }
    }
}

/// The idempotency keys that the entry with this number remembers.
fn remembered(parent: Option<&Head>, seq: u64, answered: Option<Answered>) -> Arc<Vec<Recent>> {
    let recent = |Answered { key, request, execution_id, result }| Recent { key, request, seq, execution_id, result };
    let new = answered.map(recent);
    let oldest = seq.saturating_sub(limits::RECENT_ENTRIES);
    let Some(parent) = parent else { return Arc::new(new.into_iter().collect()) };
    if new.is_none() && parent.recent.iter().all(|recent| recent.seq > oldest) {
        return Arc::clone(&parent.recent);
    }
    let again = |recent: &&Recent| new.as_ref().is_some_and(|new| new.key == recent.key);
    let kept = parent.recent.iter().filter(|recent| recent.seq > oldest && !again(recent)).cloned().collect::<Vec<_>>();
    Arc::new(kept.into_iter().chain(new).collect())
}
