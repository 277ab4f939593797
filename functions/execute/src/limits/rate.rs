//! Token buckets, one for each name.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};

/// Above so many names, those whose buckets are full again are forgotten.
const MANY: usize = 10_000;

type Limiter = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Buckets that fill at one rate and hold two seconds of it.
pub(crate) struct Buckets(Option<(Limiter, NonZeroU32)>);

/// What is left in a bucket, as the `RateLimit-*` headers say it
/// (draft-ietf-httpapi-ratelimit-headers-03).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    /// Requests a second.
    pub(crate) limit: u32,
    /// Requests that may be sent at once.
    pub(crate) remaining: u32,
    /// Until there is another one, in whole seconds.
    pub(crate) reset: Duration,
}

impl Buckets {
    /// With so many a second; 0 for no limit.
    pub(super) fn new(rate: u32) -> Self {
        Self(NonZeroU32::new(rate).map(|rate| {
            let quota = Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
            (RateLimiter::keyed(quota).with_middleware(), rate)
        }))
    }

    /// Takes one, or tells when there is one.
    pub(super) fn take(&self, name: &str) -> Result<Option<Left>, Left> {
        let Some((limiter, rate)) = &self.0 else { return Ok(None) };
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        let limit = rate.get();
        match limiter.check_key(&name.to_owned()) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Ok(Some(Left { limit, remaining, reset: Duration::from_secs(u64::from(remaining == 0)) }))
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                let whole = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
                Err(Left { limit, remaining: 0, reset: Duration::from_secs(whole) })
            }
        }
    }
}
