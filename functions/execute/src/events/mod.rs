//! Invocations of the function: HTTP requests, and executions that arrive as events.
//!
//! | event | answer | when it is refused |
//! | --- | --- | --- |
//! | REST API, HTTP API, function URL | the proxy response | the envelope with its status |
//! | direct invocation, `{"sandbox_id", "code", …}` | as of the execute call | the envelope; an error of the function when a retry may help |
//! | SQS | the ids of the messages that failed | its id is among them |
//! | SNS, EventBridge (in `detail`) | as of the execute call | an error of the function: Lambda retries, then sends it to the failure destination |
//!
//! An event that is delivered twice runs once: its id is its idempotency key.

mod executor;
mod http;
mod message;
mod queue;
mod records;
mod reply;

use std::sync::Arc;

use axum::Router;
use lambda_http::{LambdaEvent, lambda_runtime::Diagnostic};
use sandcastle::{Name, contract::Source};
use serde_json::value::RawValue;

use crate::{App, request_id::request_id_of};
use executor::{Executor, refused};
use message::Message;
use records::Event;
use reply::{diagnostic, json};

pub use reply::Reply;

/// The settings of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSettings {
    /// The organisation that events without a token run for. Whoever may invoke the function, or send to its queues and
    /// topics, is then trusted to act for it.
    pub trusted_org: Option<Name>,
    /// Downloads over a REST API are answered as a stream.
    pub stream_downloads: bool,
}

/// The handler of invocations.
pub struct Events {
    executor: Executor,
    router: Router,
    stream_downloads: bool,
}

impl Events {
    /// A handler over the same application as the router.
    pub fn new(app: Arc<App>, settings: EventSettings) -> Self {
        let EventSettings { trusted_org, stream_downloads } = settings;
        let router = crate::router(Arc::clone(&app));
        Self { executor: Executor { app, trusted_org }, router, stream_downloads }
    }

    /// Answers an invocation.
    ///
    /// # Errors
    /// When the event was not carried out, and its sender must retry or keep it.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Reply, Diagnostic> {
        let (payload, context) = event.into_parts();
        match Event::parse(payload.get()) {
            Ok(Event::Http(shape)) => {
                let streamed = self.stream_downloads && http::is_download(&shape);
                http::answer(self.router.clone(), payload.get(), streamed, context).await
            }
            Ok(Event::Direct(text)) => {
                let message = Message::parse(text, Source::Invoke, &context.request_id);
                match self.executor.execute(message, &context).await {
                    Ok(response) => json(&response),
                    Err(error) if error.transient => Err(diagnostic(&error, &context)),
                    Err(error) => json(&error.envelope(request_id_of(&context))),
                }
            }
            Ok(Event::Queue(messages)) => json(&queue::run(&self.executor, messages, &context).await),
            Ok(Event::Notification { source, id, text }) => {
                let message = Message::parse(text, source, &id);
                let done = self.executor.execute(message, &context).await;
                done.map_err(|error| diagnostic(&error, &context)).and_then(|response| json(&response))
            }
            Err(error) => Err(diagnostic(&refused(error), &context)),
        }
    }
}
