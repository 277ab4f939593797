//! What every request needs: the calls of the API, who may call, and how long a call may take.

use std::{sync::Arc, time::Duration};

use sandcastle::service::Sandcastles;

use crate::Authenticator;

/// The application behind the [`router`](crate::router).
pub struct App {
    pub(crate) sandcastles: Arc<Sandcastles>,
    pub(crate) authenticator: Authenticator,
    pub(crate) longest_call: Duration,
}

/// What a call takes beyond its code, at most: restoring files before it, storing and committing after it.
const BESIDES_THE_CODE: Duration = Duration::from_secs(8);

impl App {
    /// Puts the parts together. A call gets the limit on its code and some time to restore, store and commit, and never
    /// more than `call_limit`, for deployments behind something that gives up earlier.
    pub fn new(sandcastles: Arc<Sandcastles>, authenticator: Authenticator, call_limit: Option<Duration>) -> Self {
        let own = sandcastles.execution_limit().saturating_add(BESIDES_THE_CODE);
        let longest_call = call_limit.map_or(own, |limit| limit.min(own));
        Self { sandcastles, authenticator, longest_call }
    }
}
