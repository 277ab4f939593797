//! What the function is invoked with: requests over HTTP, and executions that come as events.
//!
//! | event | answer | when it is refused |
//! | --- | --- | --- |
//! | REST API, HTTP API, function URL | the proxy response | the envelope with its status |
//! | `{"sandbox_id", "code", …}` by an invocation | as of the execute call | the envelope; an error of the function where trying again may help |
//! | SQS | the ids of the messages that failed | its message is among them |
//! | SNS, EventBridge (in `detail`) | as of the execute call | an error of the function: Lambda tries again, then hands over to the failure destination |
//!
//! Delivered twice, an event is executed once: its id is its idempotency key.

mod http;
mod message;
mod queue;
mod records;

use std::{sync::Arc, time::Instant};

use axum::{Router, body::BodyDataStream};
use lambda_http::{
    Context, LambdaEvent,
    lambda_runtime::{Diagnostic, FunctionResponse},
};
use sandcastle::{
    Name, Principal,
    contract::{ExecuteResponse, Source},
};
use sandcastle_runtime::millis;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tracing::Instrument;

use crate::{
    App,
    auth::bad_token,
    detached::detached,
    error::{ApiError, Kind},
    request_id::request_id_of,
};
use message::Message;
use records::Event;

/// Counts the messages and events that were not carried out, and are reported back to where they came from.
const REFUSED_EVENTS: &str = "RefusedEvents";

/// What an invocation is answered with: JSON, or a stream for API Gateway.
pub type Reply = FunctionResponse<Box<RawValue>, BodyDataStream>;

/// The settings of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSettings {
    /// Whose executions run that came without a token: whoever may invoke the function, or put messages where it takes
    /// them from, is trusted to act for this organisation.
    pub trusted_org: Option<Name>,
    /// Downloads over a REST API are answered as a stream.
    pub stream_downloads: bool,
}

/// The handler of invocations.
pub struct Events {
    app: Arc<App>,
    router: Router,
    settings: EventSettings,
}

impl Events {
    /// Over the same application as the router.
    pub fn new(app: Arc<App>, settings: EventSettings) -> Self {
        Self { router: crate::router(Arc::clone(&app)), app, settings }
    }

    /// Answers an invocation.
    ///
    /// # Errors
    /// When the event was not carried out and whoever sent it is to try again, or to keep it.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Reply, Diagnostic> {
        let (payload, context) = event.into_parts();
        match Event::parse(payload.get()) {
            Ok(Event::Http(shape)) => http::answer(self, payload.get(), &shape, context).await,
            Ok(Event::Direct(text)) => {
                let message = Message::parse(text, Source::Invoke, &context.request_id);
                match self.execute(message, &context).await {
                    Ok(response) => json(&response),
                    Err(error) if error.transient => Err(diagnostic(&error, &context)),
                    Err(error) => json(&error.envelope(request_id_of(&context))),
                }
            }
            Ok(Event::Queue(messages)) => json(&self.queue(messages, &context).await),
            Ok(Event::Notification { source, id, text }) => {
                let message = Message::parse(text, source, &id);
                let done = self.execute(message, &context).await;
                done.map_err(|error| diagnostic(&error, &context)).and_then(|response| json(&response))
            }
            Err(error) => Err(diagnostic(&self.refused(error), &context)),
        }
    }

    /// Runs what one message asks for.
    async fn execute(
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
                Err(error) => Err(self.refused(error)),
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

    /// Whose execution it is: the token's, or the trusted organisation's.
    async fn caller(&self, message: &Message) -> Result<Principal, ApiError> {
        match (&message.token, &self.settings.trusted_org) {
            (Some(token), _) => self.app.authenticator.principal(token).await?.ok_or_else(bad_token),
            (None, Some(org)) => Ok(Principal::trusted_by(org.clone())),
            (None, None) => {
                let message = "send an API key as token: this deployment trusts no caller without one";
                Err(ApiError::new(Kind::Unauthenticated, message))
            }
        }
    }

    fn refused(&self, error: ApiError) -> ApiError {
        tracing::info!(metric = REFUSED_EVENTS, code = error.kind.code(), "refused");
        error
    }
}

fn json<T: Serialize>(answer: &T) -> Result<Reply, Diagnostic> {
    let json = to_raw_value(answer).map_err(|_| internal("an answer that is no JSON"))?;
    Ok(FunctionResponse::BufferedResponse(json))
}

/// The error of the function, with the code and the message of the envelope.
fn diagnostic(error: &ApiError, context: &Context) -> Diagnostic {
    let detail = error.envelope(request_id_of(context)).error;
    Diagnostic { error_type: detail.code.to_owned(), error_message: detail.message }
}

fn internal(what: &str) -> Diagnostic {
    Diagnostic { error_type: Kind::Internal.code().to_owned(), error_message: what.to_owned() }
}
