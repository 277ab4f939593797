//! Runs the execution that a message asks for, and logs how it ended.

use std::{sync::Arc, time::Instant};

use lambda_http::Context;
use sandcastle::{Name, Principal, contract::ExecuteResponse};
use sandcastle_runtime::millis;
use tracing::Instrument;

use super::message::Message;
use crate::{
    App,
    detached::detached,
    error::{ApiError, Kind},
    request_id::request_id_of,
};

/// Metric: messages and events that were refused.
const REFUSED_EVENTS: &str = "RefusedEvents";

/// Runs messages.
pub(super) struct Executor {
    pub(super) app: Arc<App>,
    /// The organisation that messages without a token run for.
    pub(super) trusted_org: Option<Name>,
}

impl Executor {
    /// Runs what one message asks for.
    pub(super) async fn execute(
        &self,
        message: Result<Message, ApiError>,
        context: &Context,
    ) -> Result<ExecuteResponse, ApiError> {
        let begun = Instant::now();
        let source = message.as_ref().map_or("none", |message| message.request.source.as_str());
        let span = tracing::error_span!("event", request_id = request_id_of(context), source);
        async {
            let done = match message {
                Ok(message) => self.run(message, context).await,
                Err(error) => Err(error),
            };
            let ms = millis(begun.elapsed());
            match done {
                Ok(response) => {
                    tracing::info!(ms, "executed");
                    Ok(response)
                }
                Err(error) => Err(refused(error)),
            }
        }
        .instrument(span)
        .await
    }

    async fn run(&self, message: Message, context: &Context) -> Result<ExecuteResponse, ApiError> {
        let caller = self.caller(&message).await?;
        let (app, deadline) = (Arc::clone(&self.app), self.app.event_deadline(context));
        let Message { sandbox, request, token: _ } = message;
        detached(async move { app.sandcastles.execute(&caller, &sandbox, request, deadline).await }).await
    }

    /// The caller: the token's owner, or without a token the trusted organisation.
    async fn caller(&self, message: &Message) -> Result<Principal, ApiError> {
        match (&message.token, &self.trusted_org) {
            (Some(token), _) => self.app.authenticator.principal(token).await?.ok_or_else(ApiError::bad_token),
            (None, Some(org)) => Ok(Principal::trusted_by(org.clone())),
            (None, None) => Err(ApiError::new(Kind::Unauthenticated, "token is missing: it must be an API key")),
        }
    }
}

/// Counts a refusal, and returns it.
pub(super) fn refused(error: ApiError) -> ApiError {
    tracing::info!(metric = REFUSED_EVENTS, code = error.kind.code(), "refused");
    error
}
