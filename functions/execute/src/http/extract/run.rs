//! What the calls that run code or commands share: caller, sandbox, idempotency key, deadline, and the limit on executions.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension, Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use sandcastle::{
    IdempotencyKey, Principal,
    service::{Sandcastles, ServiceError},
};

use super::{Caller, Deadline, IdempotencyHeader, KeyName, SandboxPath};
use crate::{App, detached::detached, http::ApiError};

/// The arguments of one call.
pub(in crate::http) struct RunCall {
    pub(in crate::http) caller: Principal,
    /// The sandbox id, not yet validated.
    pub(in crate::http) id: String,
    /// The idempotency key.
    pub(in crate::http) key: Option<IdempotencyKey>,
    pub(in crate::http) deadline: Instant,
}

/// Extracts a call that runs code or a command.
pub(in crate::http) struct Run {
    app: Arc<App>,
    key_name: Arc<str>,
    call: RunCall,
}

impl FromRequestParts<Arc<App>> for Run {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Caller(caller) = Caller::from_request_parts(parts, app).await?;
        let SandboxPath(id) = SandboxPath::from_request_parts(parts, app).await?;
        let IdempotencyHeader(key) = IdempotencyHeader::from_request_parts(parts, app).await?;
        let Ok(Deadline(deadline)) = Deadline::from_request_parts(parts, app).await;
        let named = Extension::<KeyName>::from_request_parts(parts, app).await.map_err(ApiError::internal)?;
        let Ok(State(app)) = State::from_request_parts(parts, app).await;
        Ok(Self { app, key_name: named.0.0, call: RunCall { caller, id, key, deadline } })
    }
}

impl Run {
    /// Runs the call within the limit on executions, to its end even when the client disconnects.
    pub(in crate::http) async fn within_limits<T, F>(
        self,
        run: impl FnOnce(Arc<Sandcastles>, RunCall) -> F,
    ) -> Result<Json<T>, ApiError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ServiceError>> + Send + 'static,
    {
        let running = self.app.limits.execution(&self.call.caller, &self.key_name)?;
        let call = run(Arc::clone(&self.app.sandcastles), self.call);
        let counted = async move {
            let done = call.await;
            drop(running);
            done
        };
        detached(counted).await.map(Json)
    }
}
