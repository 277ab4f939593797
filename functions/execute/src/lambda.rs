//! Lambda: the router as a handler of API Gateway's events.

use std::convert::Infallible;

use axum::{Router, http::Uri, response::Response};
use lambda_http::{Request, RequestExt, Service, request::RequestContext, service_fn};
use tower::ServiceExt;

/// Every path of the API begins with it.
const API: &str = "/v2/";

/// The handler to be given to [`lambda_http::run`].
pub fn handler(router: Router) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> {
    service_fn(move |request| router.clone().oneshot(without_stage(request)))
}

/// Takes the stage's name off the path: `lambda_http` puts it there for a REST API, and an HTTP API sends it there.
fn without_stage(mut request: Request) -> Request {
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.stage.as_deref(),
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    if let Some(uri) = stage.and_then(|stage| strip(request.uri(), stage)) {
        *request.uri_mut() = uri;
    }
    request
}

/// The address without the stage; none when the stage is not what stands before the API's own path. A stage may itself
/// be called `v2`.
fn strip(uri: &Uri, stage: &str) -> Option<Uri> {
    let path = uri.path().strip_prefix('/')?.strip_prefix(stage)?;
    if !path.starts_with(API) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().ok()
}
