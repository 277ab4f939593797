//! Limits on callers: requests per second and executions at once, for each key and for each organisation.
//!
//! They hold in one process. On Lambda every environment counts for itself; API Gateway's throttling limits all of them
//! together. Starts and stored bytes are limited by the service, which counts in the bucket.

mod exceeded;
mod executions;
mod rate;

use std::num::{NonZeroU32, NonZeroU64};

use sandcastle::{Principal, service::CountedLimits};
use sandcastle_runtime::settings::{Lookup, Setting, SettingsError};

use crate::settings;
use exceeded::Who;
use executions::Running;

pub(crate) use exceeded::Exceeded;
pub(crate) use rate::RateLimit;

/// The limits of each caller; 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests per second for each key; bursts of twice that are allowed.
    pub key_rate: u32,
    /// Requests per second for each organisation; bursts of twice that are allowed.
    pub org_rate: u32,
    /// Sandboxes that each member, and each organisation, may start, and bytes that each organisation may store.
    pub counted: CountedLimits,
    /// Executions at once for each key.
    pub key_executions: u32,
    /// Executions at once for each organisation.
    pub org_executions: u32,
}

impl Allowance {
    /// Reads the limits from the environment. Of those that are not set, only the one on executions of an organisation
    /// exists.
    ///
    /// # Errors
    /// When a variable is not a number, or above a million.
    pub fn from_lookup<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<Self, SettingsError> {
        let number = |setting: &Setting| {
            let number = env.number(setting)?.unwrap_or(0);
            Ok(u32::try_from(number).unwrap_or(u32::MAX))
        };
        let org_executions = env.number_or_default(&settings::ORG_EXECUTIONS)?;
        let megabytes = u64::from(number(&settings::ORG_STORES_MB_PER_DAY)?);
        let counted = CountedLimits {
            bytes_of_org: NonZeroU64::new(megabytes << 20),
            starts_of_member: NonZeroU32::new(number(&settings::MEMBER_STARTS_PER_HOUR)?),
            starts_of_org: NonZeroU32::new(number(&settings::ORG_STARTS_PER_HOUR)?),
        };
        Ok(Self {
            counted,
            key_rate: number(&settings::KEY_REQUESTS_PER_SECOND)?,
            org_rate: number(&settings::ORG_REQUESTS_PER_SECOND)?,
            key_executions: number(&settings::KEY_EXECUTIONS)?,
            org_executions: u32::try_from(org_executions).unwrap_or(u32::MAX),
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
    /// These limits, with nothing used.
    pub fn new(allowed: Allowance) -> Self {
        Self {
            keys: rate::Buckets::new(allowed.key_rate),
            orgs: rate::Buckets::new(allowed.org_rate),
            executions: executions::Executions::new(allowed.key_executions, allowed.org_executions),
        }
    }

    /// Counts one request of a caller with this key. Returns the state of the limit with the least remaining, if there is one.
    ///
    /// # Errors
    /// When the key or its organisation has reached its limit.
    pub(crate) fn request(&self, caller: &Principal, key: &str) -> Result<Option<RateLimit>, Exceeded> {
        let key = self.keys.take(key).map_err(|rate| Exceeded::Requests { who: Who::Key, rate })?;
        let org = self.orgs.take(caller.org.as_str());
        let org = org.map_err(|rate| Exceeded::Requests { who: Who::Organisation, rate })?;
        Ok(key.into_iter().chain(org).min_by_key(|rate| rate.remaining))
    }

    /// Counts one execution of a caller with this key, until the returned value is dropped.
    ///
    /// # Errors
    /// When the key or its organisation has reached its limit.
    pub(crate) fn execution(&self, caller: &Principal, key: &str) -> Result<Running, Exceeded> {
        self.executions.begin(key, caller.org.as_str())
    }
}
