//! The limit of a key on running sandboxes.

use std::{collections::BTreeSet, ops::ControlFlow};

use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use super::{Sandcastles, ServiceError, is_running};
use crate::{Principal, SandboxId, layout};

/// So many entries are read at once.
const CONCURRENT_READS: usize = 16;

impl Sandcastles {
    /// Refuses when the member has as many running sandboxes as the caller's key allows. They are counted by the markers that
    /// the list of sandboxes shows; where these are too many, by the newest entries, since a marker may be left over. The new
    /// sandbox has no marker yet: several starts at the same moment may all be let through, so the limit can be passed by as
    /// many as are under way.
    pub(super) async fn check_sandbox_limit(&self, caller: &Principal) -> Result<(), ServiceError> {
        let Some(limit) = caller.sandbox_limit else { return Ok(()) };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let marked = self.marked_running(caller).await?;
        if marked.len() < most {
            return Ok(());
        }
        let reads = stream::iter(marked).map(|id| self.runs(id).boxed()).buffer_unordered(CONCURRENT_READS);
        let running =
            reads.try_filter(|runs| std::future::ready(*runs)).take(most).try_fold(0, |n, _| async move { Ok(n + 1) });
        if running.await? < most { Ok(()) } else { Err(ServiceError::TooManySandboxes(limit)) }
    }

    /// The caller's sandboxes that have a marker of running ones.
    async fn marked_running(&self, caller: &Principal) -> Result<BTreeSet<SandboxId>, ServiceError> {
        let Some(member) = &caller.member else { return Ok(BTreeSet::new()) };
        let mut found = BTreeSet::new();
        let add = |name: &str| {
            found.extend(layout::read_marker(name).filter(|(.., owner)| owner == member).map(|(.., id, _)| id));
            ControlFlow::<()>::Continue(())
        };
        self.each_marker(&layout::running(&caller.org), add).await?;
        Ok(found)
    }

    /// True when the sandbox runs, by its newest entry.
    async fn runs(&self, id: SandboxId) -> Result<bool, ServiceError> {
        match self.newest(&id).await {
            Ok(head) => Ok(is_running(&head)),
            Err(ServiceError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
