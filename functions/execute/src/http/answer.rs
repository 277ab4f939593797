//! The layer around every request: request id, deadline, span, log line, and the headers and error envelope of the answer.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
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
use tracing::Instrument;

use super::extract::{Deadline, RateLimitSlot};
use crate::{
    App,
    error::{ApiError, Kind},
    limits::RateLimit,
    request_id::{self, request_id},
};

/// `Retry-After` when the error has none of its own.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The outermost layer.
pub(super) async fn answer(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let invocation = request.extensions().get::<Context>();
    let id = request_id(request.headers(), invocation);
    let deadline = app.deadline(begun, invocation);
    request.extensions_mut().insert(Deadline(deadline));
    let rate_limit = RateLimitSlot::default();
    request.extensions_mut().insert(Arc::clone(&rate_limit));
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let method = method_name(request.method());
    // At level `error`, so that every line has its request id whatever the filter is.
    let span = tracing::error_span!("request", request_id = id, method, route);
    async {
        let outcome = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = outcome.unwrap_or_else(|_| ApiError::internal("a handler panicked").into_response());
        let response = finish(response, &id, rate_limit.get().copied());
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = response.status().as_u16();
        tracing::info!(status, ms, "answered");
        response
    }
    .instrument(span)
    .await
}

/// The method; `other` for one that is not standard, so that no text of the caller is logged.
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

/// Adds the headers of every answer. An error becomes the envelope.
fn finish(mut response: Response, id: &str, mut rate_limit: Option<RateLimit>) -> Response {
    if response.status().is_client_error() || response.status().is_server_error() {
        let error = response.extensions_mut().remove::<ApiError>();
        let error = error.unwrap_or_else(|| ApiError::internal("an error without the envelope"));
        rate_limit = error.rate_limit.or(rate_limit);
        let allow = response.headers_mut().remove(ALLOW);
        response = envelope(&error, id);
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(RateLimit { limit, remaining, reset }) = rate_limit {
        headers.insert("ratelimit-limit", HeaderValue::from(limit));
        headers.insert("ratelimit-remaining", HeaderValue::from(remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(reset.as_secs()));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(request_id::HEADER, id);
    }
    response
}

fn envelope(error: &ApiError, id: &str) -> Response {
    let mut response = (error.kind.status(), Json(error.envelope(id))).into_response();
    match error.kind {
        Kind::Unauthenticated => {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Kind::Conflict if error.transient => {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(TRY_AGAIN.as_secs()));
        }
        Kind::RateLimited => {
            let seconds = error.retry_after.unwrap_or(TRY_AGAIN).as_secs();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        _ => {}
    }
    response
}
