//! Requests over HTTP: the router, between an event and a proxy response or a stream.

use axum::{body::BodyDataStream, http::Uri, response::Response};
use lambda_http::{
    Adapter, Context, LambdaEvent, Request, RequestExt, Service,
    lambda_runtime::{Diagnostic, FunctionResponse, MetadataPrelude, StreamResponse},
    request::{LambdaRequest, RequestContext},
    service_fn,
};
use tower::ServiceExt;

use super::{Events, Reply, internal, json, records::HttpShape};
use crate::http::MaxDownload;

/// What paths of the API begin with.
const API: [&str; 2] = ["/v2/", "/openapi.json"];
/// The route whose integration with the REST API takes a stream.
const STREAMED: (&str, &str) = ("GET", "/v2/sandcastles/{id}/files/{path+}");
/// The longest download that is handed over whole, in bytes: in base64, and with headers, it stays below the 6 MB of an
/// answer (gettingstarted-limits.html).
const MAX_WHOLE: u64 = 4_400_000;

pub(super) async fn answer(
    events: &Events,
    event: &str,
    shape: &HttpShape<'_>,
    context: Context,
) -> Result<Reply, Diagnostic> {
    let request: LambdaRequest = serde_json::from_str(event).map_err(|_| internal("a malformed event of an API"))?;
    let router = events.router.clone();
    let streamed = shape.method.as_deref() == Some(STREAMED.0) && shape.resource.as_deref() == Some(STREAMED.1);
    if streamed && events.settings.stream_downloads {
        let request = Request::from(request).with_lambda_context(context);
        let Ok(response) = router.oneshot(without_stage(request)).await;
        return Ok(FunctionResponse::StreamingResponse(stream(response)));
    }
    let whole = service_fn(move |mut request: Request| {
        request.extensions_mut().insert(MaxDownload(MAX_WHOLE));
        router.clone().oneshot(without_stage(request))
    });
    let Ok(response) = Adapter::from(whole).call(LambdaEvent::new(request, context)).await;
    json(&response)
}

fn stream(response: Response) -> StreamResponse<BodyDataStream> {
    let (parts, body) = response.into_parts();
    let metadata_prelude = MetadataPrelude { status_code: parts.status, headers: parts.headers, cookies: Vec::new() };
    StreamResponse { metadata_prelude, stream: body.into_data_stream() }
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
    if !API.iter().any(|api| path.starts_with(api)) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{path}{query}").parse().ok()
}
