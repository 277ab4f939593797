//! The limits on the sandboxes that a member, and an organisation, may start in an hour.

use std::{num::NonZeroU32, ops::ControlFlow};

use super::{CountedLimits, Sandcastles, ServiceError};
use crate::{Principal, layout};

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
        let (mut by_member, mut by_org) = (0, 0);
        let count = |name: &str| {
            let Some((_, started_at, _, owner)) = layout::read_marker(name) else { return ControlFlow::Continue(()) };
            if started_at < since {
                return ControlFlow::Break(Ok(()));
            }
            by_org += 1;
            by_member += u32::from(caller.member.as_ref() == Some(&owner));
            let too_many = |count: u32, most: Option<NonZeroU32>| most.filter(|most| count >= most.get());
            if let Some(most) = too_many(by_org, of_org) {
                return ControlFlow::Break(Err(ServiceError::TooManyStarts { who: "this organisation", most }));
            }
            match too_many(by_member, of_member) {
                Some(most) => ControlFlow::Break(Err(ServiceError::TooManyStarts { who: "this member", most })),
                None => ControlFlow::Continue(()),
            }
        };
        self.each_marker(&layout::running(&caller.org), count).await?.unwrap_or(Ok(()))
    }
}
