//! One execution, by its id. The ledger is ordered by number; ids and entries hold times, by which the number is found.

use futures::{StreamExt, TryStreamExt, stream};
use time::Duration;

use super::{Sandcastles, ServiceError, admission::Whose, answer, listing::listed_execution};
use crate::{
    ExecutionId, Principal, SandboxId, Scope,
    contract::ExecutionRecord,
    entry::{Change, Entry, Head},
    manifest::Status,
    store::StoreError,
};

/// From a call to its entry it takes no longer: the longest limit on code there is (360 s), and time to store and commit.
const LONGEST_CALL: Duration = Duration::seconds(400);
/// The clocks of two processes differ by less.
const SKEW: Duration = Duration::seconds(10);
/// So many entries are read at once.
const CONCURRENT_READS: usize = 16;

impl Sandcastles {
    /// The whole record of one execution, with fresh links to its files.
    pub async fn execution(
        &self,
        caller: &Principal,
        id: &str,
        execution: &str,
    ) -> Result<ExecutionRecord, ServiceError> {
        let (id, head) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        let wanted = ExecutionId::parse(execution).map_err(|_| ServiceError::NoExecution)?;
        let entry = self.entry_of(&id, &head, wanted).await?.ok_or(ServiceError::NoExecution)?;
        let epoch = entry.state.epoch();
        let Change::Executed(mut executed) = entry.change else { return Err(ServiceError::NoExecution) };
        // A stop deletes the files of its life.
        let there = head.manifest.status == Status::Running && head.manifest.epoch == epoch;
        let files = if there { std::mem::take(&mut executed.files) } else { Vec::new() };
        let files = answer::links(self.store.as_ref(), &id, epoch, files, self.now()).await?;
        Ok(ExecutionRecord { execution: listed_execution(wanted, executed, entry.at), files })
    }

    async fn entry_of(&self, id: &SandboxId, head: &Head, wanted: ExecutionId) -> Result<Option<Entry>, StoreError> {
        let Some(begun) = wanted.begun() else { return Ok(None) };
        // The first entry that may be it; those that are gone are the oldest.
        let (mut first, mut end) = (1, head.position.seq.saturating_add(1));
        while first < end {
            let middle = first + (end - first) / 2;
            match self.ledger.read(id, middle).await? {
                Some(entry) if entry.at + SKEW >= begun => end = middle,
                _ => first = middle + 1,
            }
        }
        let reads = stream::iter(first..=head.position.seq).map(|seq| self.ledger.read(id, seq));
        let mut entries = Box::pin(reads.buffered(CONCURRENT_READS));
        while let Some(entry) = entries.try_next().await? {
            match entry {
                Some(entry) if entry.execution_id == wanted => return Ok(Some(entry)),
                Some(entry) if entry.at > begun + LONGEST_CALL + SKEW => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }
}
