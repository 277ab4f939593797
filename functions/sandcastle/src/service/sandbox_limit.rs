//! The limit of a key on running sandboxes.

use super::{Sandcastles, ServiceError};
use crate::{Name, Principal, SandboxId, layout, manifest::Status};

/// So many markers are listed at once.
const PAGE: u16 = 1000;

impl Sandcastles {
    /// Refuses when the member has as many running sandboxes as the caller's key allows. What is counted is the markers
    /// that the list of sandboxes shows, before the new sandbox has one: several starts at the same moment may all be let
    /// through, so the limit can be passed by as many as are under way.
    pub(super) async fn check_sandbox_limit(&self, caller: &Principal) -> Result<(), ServiceError> {
        let (Some(limit), Some(member)) = (caller.sandbox_limit, &caller.member) else { return Ok(()) };
        let (folder, mut after, mut running) = (layout::running(&caller.org), None::<String>, 0_u32);
        loop {
            let page = self.store.list(&folder, after.as_deref(), PAGE).await?;
            let names = page.iter().filter_map(|key| layout::read_marker(key.strip_prefix(&folder)?));
            for (.., id, owner) in names {
                running += u32::from(self.counts(&id, &owner, member));
                if running >= limit {
                    return Err(ServiceError::TooManySandboxes(limit));
                }
            }
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
            after = page.last().cloned();
        }
    }

    /// True for the member's own, unless this process knows that the marker was left over.
    fn counts(&self, id: &SandboxId, owner: &Name, member: &Name) -> bool {
        owner == member && self.heads.get(id).is_none_or(|head| head.manifest.status == Status::Running)
    }
}
