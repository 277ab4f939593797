//! Rate limits: one token bucket for each name.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

/// Above this number of names, full buckets are dropped.
const MANY: usize = 10_000;

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Buckets that fill at one rate and hold two seconds' worth.
pub(crate) struct Buckets(Option<(Limiter, NonZeroU32)>);

/// A caller's limit and what remains of it, as in the `RateLimit-*` headers
/// (draft-ietf-httpapi-ratelimit-headers-03).
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit {
    /// Requests per second.
    pub(crate) limit: u32,
    /// Requests that may be sent now.
    pub(crate) remaining: u32,
    /// Time until the next request is allowed, in whole seconds; zero while some remain.
    pub(crate) reset: Duration,
}

impl Buckets {
    /// Buckets for `rate` requests per second; 0 for no limit.
    pub(super) fn new(rate: u32) -> Self {
        Self(NonZeroU32::new(rate).map(|rate| {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
            (RateLimiter::keyed(quota).with_middleware(), rate)
        }))
    }

    /// Takes one token of `name`; `None` without a limit.
    ///
    /// # Errors
    /// When the bucket is empty.
    pub(super) fn take(&self, name: &str) -> Result<Option<RateLimit>, RateLimit> {
        let Some((limiter, rate)) = &self.0 else { return Ok(None) };
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        let limit = rate.get();
        match limiter.check_key(&name.to_owned()) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Ok(Some(RateLimit { limit, remaining, reset: Duration::from_secs(u64::from(remaining == 0)) }))
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                let whole = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
                Err(RateLimit { limit, remaining: 0, reset: Duration::from_secs(whole) })
            }
        }
    }
}
