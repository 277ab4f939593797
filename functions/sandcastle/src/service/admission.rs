//! Who may do what with which sandbox.

use std::sync::Arc;

use super::{Sandcastles, ServiceError};
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

    /// The same by the newest entry that this process knows, for calls whose commit finds out whether it still is that.
    pub(super) async fn admit_by_known(
        &self,
        caller: &Principal,
        id: &str,
        scope: Scope,
        whose: Whose,
    ) -> Result<(SandboxId, Arc<Head>), ServiceError> {
        let id = parse_id(id)?;
        let known = self.heads.get(&id).filter(|head| head.manifest.org == caller.org && !self.is_gone(head));
        let head = match known {
            Some(head) => head,
            None => self.newest_for(caller, &id).await?,
        };
        authorise(caller, &head, scope, whose)?;
        Ok((id, head))
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
