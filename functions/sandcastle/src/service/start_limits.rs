//! The limits on the sandboxes that a member, and an organisation, may start in an hour.

use super::{CountedLimits, Sandcastles, ServiceError};
use crate::{Principal, layout};

/// So many markers are listed at once.
const PAGE: u16 = 1000;

impl Sandcastles {
    /// Refuses a start that a limit forbids: the key's on running sandboxes, or one on new ones.
    pub(super) async fn check_limits_on_starts(&self, caller: &Principal) -> Result<(), ServiceError> {
        futures::try_join!(self.check_sandbox_limit(caller), self.check_recent_starts(caller))?;
        Ok(())
    }

    /// They are counted by the markers of running sandboxes, newest first. Those that start at this moment have none yet.
    async fn check_recent_starts(&self, caller: &Principal) -> Result<(), ServiceError> {
        let CountedLimits { starts_of_member: of_member, starts_of_org: of_org, .. } = self.counted;
        if of_member.is_none() && of_org.is_none() {
            return Ok(());
        }
        let since = self.now() - time::Duration::HOUR;
        let (folder, mut after) = (layout::running(&caller.org), None::<String>);
        let (mut by_member, mut by_org) = (0, 0);
        loop {
            let page = self.store.list(&folder, after.as_deref(), PAGE).await?;
            let markers = page.iter().filter_map(|key| layout::read_marker(key.strip_prefix(&folder)?));
            for (_, started_at, _, owner) in markers {
                if started_at < since {
                    return Ok(());
                }
                by_org += 1;
                by_member += u32::from(caller.member.as_ref() == Some(&owner));
                if let Some(most) = of_org.filter(|most| by_org >= most.get()) {
                    return Err(ServiceError::TooManyStarts { who: "this organisation", most });
                }
                if let Some(most) = of_member.filter(|most| by_member >= most.get()) {
                    return Err(ServiceError::TooManyStarts { who: "this member", most });
                }
            }
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
            after = page.last().cloned();
        }
    }
}
