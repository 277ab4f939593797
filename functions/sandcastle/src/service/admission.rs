//! Who may do what with which sandbox.

use std::sync::Arc;

use super::{Sandcastles, ServiceError, demand_running, is_running};
use crate::{Principal, SandboxId, Scope, entry::Head};

/// The number that no entry has.
const NO_ENTRY: u64 = u64::MAX;

impl Sandcastles {
    /// The newest entry, read now, of a sandbox with which the caller may do this.
    pub(super) async fn admit(
        &self,
        caller: &Principal,
        id: &str,
        scope: Scope,
        whose: Whose,
    ) -> Result<(SandboxId, Arc<Head>), ServiceError> {
        let id = parse_id(id)?;
        let head = self.newest_for(caller, &id).await?;
        authorise(caller, &head, scope, whose)?;
        Ok((id, head))
    }

    /// The same for a sandbox that runs, by the newest entry that this process remembers where that allows the call: the commit
    /// finds out whether it still is that. What is remembered refuses nothing.
    pub(super) async fn admit_by_known(
        &self,
        caller: &Principal,
        id: &str,
        scope: Scope,
        whose: Whose,
    ) -> Result<SandboxId, ServiceError> {
        let id = parse_id(id)?;
        let known = self.heads.get(&id).filter(|head| !self.is_gone(head) && is_running(head));
        let of_caller =
            |head: &Arc<Head>| head.manifest.org == caller.org && authorise(caller, head, scope, whose).is_ok();
        if known.as_ref().is_some_and(of_caller) {
            return Ok(id);
        }
        let head = self.newest_for(caller, &id).await?;
        authorise(caller, &head, scope, whose)?;
        demand_running(&head)?;
        Ok(id)
    }

    /// The newest entry of a sandbox of the caller's organisation. Another organisation's takes the same reads as one that
    /// is not there, so that the time an answer takes does not tell them apart.
    pub(super) async fn newest_for(&self, caller: &Principal, id: &SandboxId) -> Result<Arc<Head>, ServiceError> {
        match self.ledger.newest(id).await? {
            Some(entry) if *entry.state.org() == caller.org => self.learn(id, entry).await,
            Some(_) => Err(ServiceError::NotFound),
            None => {
                self.ledger.read(id, NO_ENTRY).await?;
                Err(ServiceError::NotFound)
            }
        }
    }
}

/// The same answer for what is malformed, missing or another organisation's.
pub(super) fn parse_id(id: &str) -> Result<SandboxId, ServiceError> {
    SandboxId::parse(id).map_err(|_| ServiceError::NotFound)
}

/// Whose sandbox it must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Anybody's of the organisation.
    Org,
    /// The caller's own.
    Own,
}

/// Of a sandbox of the caller's organisation.
fn authorise(caller: &Principal, head: &Head, scope: Scope, whose: Whose) -> Result<(), ServiceError> {
    demand(caller, scope)?;
    if whose == Whose::Own && !caller.owns(&head.manifest.member) {
        return Err(ServiceError::Forbidden("only the member who started this sandbox may do that"));
    }
    Ok(())
}

pub(super) fn demand(caller: &Principal, scope: Scope) -> Result<(), ServiceError> {
    let missing = match scope {
        Scope::Read => "the key lacks the scope sandbox:read",
        Scope::Write => "the key lacks the scope sandbox:write",
        Scope::Execute => "the key lacks the scope sandbox:execute",
    };
    if caller.may(scope) { Ok(()) } else { Err(ServiceError::Forbidden(missing)) }
}
