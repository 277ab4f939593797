//! The application: the service, authentication, limits on callers, and the time that a call has.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use lambda_http::Context;
use sandcastle::service::Sandcastles;

use crate::{Allowance, Authenticator, Limits};

/// The application behind the [`router`](crate::router).
pub struct App {
    pub(crate) sandcastles: Arc<Sandcastles>,
    pub(crate) authenticator: Authenticator,
    pub(crate) limits: Limits,
    longest_call: Duration,
    longest_event: Duration,
}

/// Time that a call has beyond its code: to restore files before it, and to store and commit after it.
const BESIDES_THE_CODE: Duration = Duration::from_secs(8);
/// Time of a Lambda invocation that is kept to return the answer.
const TO_HAND_OVER: Duration = Duration::from_millis(500);
/// No invocation has a deadline before this one, a day after 1970.
const FIRST_DEADLINE_MS: u64 = 86_400_000;

impl App {
    /// An application without limits on callers. A call has the limit on its code plus 8 seconds, and never more than
    /// `call_limit`, for deployments behind a gateway with a shorter timeout. Events do not pass through the gateway, and
    /// `call_limit` does not count for them.
    pub fn new(sandcastles: Arc<Sandcastles>, authenticator: Authenticator, call_limit: Option<Duration>) -> Self {
        let own = sandcastles.execution_limit().saturating_add(BESIDES_THE_CODE);
        let longest_call = call_limit.map_or(own, |limit| limit.min(own));
        let limits = Limits::new(Allowance::default());
        Self { sandcastles, authenticator, limits, longest_call, longest_event: own }
    }

    /// Sets the limits on callers.
    #[must_use]
    pub fn with_limits(self, allowed: Allowance) -> Self {
        Self { limits: Limits::new(allowed), ..self }
    }

    /// When an HTTP request must be answered.
    pub(crate) fn deadline(&self, begun: Instant, invocation: Option<&Context>) -> Instant {
        begun + invocation.map_or(self.longest_call, |context| left_of(context).min(self.longest_call))
    }

    /// When an execution that arrived as an event must end.
    pub(crate) fn event_deadline(&self, invocation: &Context) -> Instant {
        Instant::now() + left_of(invocation).min(self.longest_event)
    }
}

/// The time that an invocation has until its answer must be ready.
///
/// `cargo lambda watch` gives every invocation the deadline that is ten minutes after 1970: it means ten minutes.
pub(crate) fn left_of(invocation: &Context) -> Duration {
    let from = if invocation.deadline < FIRST_DEADLINE_MS { SystemTime::UNIX_EPOCH } else { SystemTime::now() };
    invocation.deadline().duration_since(from).unwrap_or_default().saturating_sub(TO_HAND_OVER)
}
