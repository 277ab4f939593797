//! What happens around every request: its id, its deadline, its span and log line, and the form of its answer.

use std::{
    error::Error,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use axum::{
    Json,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderValue, Method,
        header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use lambda_http::Context;
use sandcastle::contract::{ErrorBody, ErrorDetail};
use tracing::Instrument;

use super::{
    error::{HttpError, Kind},
    extract::Deadline,
    request_id::{self, request_id},
};
use crate::App;

/// What is left of a Lambda invocation's time to hand over the answer.
const TO_HAND_OVER: Duration = Duration::from_millis(500);

/// The outermost layer.
pub(super) async fn answer(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let invocation = request.extensions().get::<Context>();
    let id = request_id(request.headers(), invocation);
    let deadline = deadline(begun, app.longest_call, invocation);
    request.extensions_mut().insert(Deadline(deadline));
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let method = method_name(request.method());
    // At the highest level, so that a line keeps its request id however little is logged.
    let span = tracing::error_span!("request", request_id = id, method, route);
    async {
        let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = outcome.unwrap_or_else(|_| HttpError::internal("a handler panicked").into_response());
        let response = finish(response, &id);
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        tracing::info!(status, ms, "answered");
        response
    }
    .instrument(span)
    .await
}

/// When the call has to be answered.
fn deadline(begun: Instant, longest_call: Duration, invocation: Option<&Context>) -> Instant {
    let left = invocation.map(|context| {
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        left.saturating_sub(TO_HAND_OVER)
    });
    begun + left.map_or(longest_call, |left| left.min(longest_call))
}

/// The method, unless it is one that the caller made up.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Writes the envelope of an error, and the headers of every answer.
fn finish(mut response: Response, id: &str) -> Response {
    if response.status().is_client_error() || response.status().is_server_error() {
        let error = response.extensions_mut().remove::<HttpError>();
        let error = error.unwrap_or_else(|| HttpError::internal("an error answer that is not in the envelope"));
        let allow = response.headers_mut().remove(ALLOW);
        response = envelope(&error, id);
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(request_id::HEADER, id);
    }
    response
}

fn envelope(error: &HttpError, id: &str) -> Response {
    if let Some(cause) = &error.cause {
        tracing::error!(error = chain(cause.as_ref()), "request failed");
    }
    let message = match error.kind {
        Kind::Internal => format!("{} (request {id})", error.message),
        _ => error.message.to_string(),
    };
    let body = ErrorBody { error: ErrorDetail { code: error.kind.code(), message } };
    let mut response = (error.kind.status(), Json(body)).into_response();
    match error.kind {
        Kind::Unauthenticated => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Kind::RateLimited => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

/// An error with all its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
