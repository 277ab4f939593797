//! How much a caller may ask for: requests a second, and executions at once, for each key and for each organisation.
//!
//! They count in this process. Where several answer, as on Lambda, each counts for itself; what holds for all of them is the
//! gateway's throttling.

mod executions;
mod rate;

use std::time::Duration;

use sandcastle::Principal;
use sandcastle_runtime::settings::{Lookup, Setting, SettingsError};

use crate::{error::ApiError, settings};

pub(crate) use executions::Running;
pub(crate) use rate::Left;

/// What is allowed; 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests a second for each key; for a moment twice as many.
    pub key_rate: u32,
    /// Requests a second for each organisation; for a moment twice as many.
    pub org_rate: u32,
    /// Executions at once for each key.
    pub key_executions: u32,
    /// Executions at once for each organisation.
    pub org_executions: u32,
}

impl Allowance {
    /// Reads `KEY_REQUESTS_PER_SECOND` and its like; what is not set has no limit.
    ///
    /// # Errors
    /// When one is no number, or above a million.
    pub fn from_lookup<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<Self, SettingsError> {
        let number = |setting: &Setting| {
            let number = env.number(setting)?.unwrap_or(0);
            Ok(u32::try_from(number).unwrap_or(u32::MAX))
        };
        Ok(Self {
            key_rate: number(&settings::KEY_REQUESTS_PER_SECOND)?,
            org_rate: number(&settings::ORG_REQUESTS_PER_SECOND)?,
            key_executions: number(&settings::KEY_EXECUTIONS)?,
            org_executions: number(&settings::ORG_EXECUTIONS)?,
        })
    }
}

/// The limits of this process.
pub struct Limits {
    keys: rate::Buckets,
    orgs: rate::Buckets,
    executions: executions::Executions,
}

impl Limits {
    /// These limits, with nothing used up.
    pub fn new(allowed: Allowance) -> Self {
        Self {
            keys: rate::Buckets::new(allowed.key_rate),
            orgs: rate::Buckets::new(allowed.org_rate),
            executions: executions::Executions::new(allowed.key_executions, allowed.org_executions),
        }
    }

    /// Counts one request; `key` tells the keys of an organisation apart. What is left of the narrower limit, if there is one.
    pub(crate) fn request(&self, caller: &Principal, key: &str) -> Result<Option<Left>, ApiError> {
        let key = self.keys.take(key).map_err(|left| refused("this key has", left))?;
        let org = self.orgs.take(caller.org.as_str()).map_err(|left| refused("this organisation has", left))?;
        Ok(key.into_iter().chain(org).min_by_key(|left| left.remaining))
    }

    /// Counts one execution, until what is returned is dropped.
    pub(crate) fn execution(&self, caller: &Principal, key: &str) -> Result<Running, ApiError> {
        self.executions.begin(key, caller.org.as_str()).map_err(|(who, most)| {
            let message =
                format!("{who} has {most} executions running, as many as it may; try again when one has ended");
            ApiError::too_many(message, Duration::from_secs(1), None)
        })
    }
}

fn refused(who: &str, left: Left) -> ApiError {
    let message = format!("{who} {} requests a second; try again in {} s", left.limit, left.reset.as_secs());
    ApiError::too_many(message, left.reset, Some(left))
}
