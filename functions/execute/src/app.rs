//! What every request needs: the calls of the API, who may call, and how long a call may take.

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

/// What a call takes beyond its code, at most: restoring files before it, storing and committing after it.
const BESIDES_THE_CODE: Duration = Duration::from_secs(8);
/// What is left of a Lambda invocation's time to hand over the answer.
const TO_HAND_OVER: Duration = Duration::from_millis(500);

impl App {
    /// Puts the parts together, without limits on callers. A call gets the limit on its code and some time to restore, store and commit, and never
    /// more than `call_limit`, for deployments behind something that gives up earlier. Events do not go through that.
    pub fn new(sandcastles: Arc<Sandcastles>, authenticator: Authenticator, call_limit: Option<Duration>) -> Self {
        let own = sandcastles.execution_limit().saturating_add(BESIDES_THE_CODE);
        let longest_call = call_limit.map_or(own, |limit| limit.min(own));
        let limits = Limits::new(Allowance::default());
        Self { sandcastles, authenticator, limits, longest_call, longest_event: own }
    }

    /// With these limits on callers.
    #[must_use]
    pub fn with_limits(self, allowed: Allowance) -> Self {
        Self { limits: Limits::new(allowed), ..self }
    }

    /// When a request over HTTP has to be answered.
    pub(crate) fn deadline(&self, begun: Instant, invocation: Option<&Context>) -> Instant {
        begun + invocation.map_or(self.longest_call, |context| left_of(context).min(self.longest_call))
    }

    /// When an execution that came as an event has to be over.
    pub(crate) fn event_deadline(&self, invocation: &Context) -> Instant {
        Instant::now() + left_of(invocation).min(self.longest_event)
    }
}

fn left_of(invocation: &Context) -> Duration {
    let left = invocation.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    left.saturating_sub(TO_HAND_OVER)
}
