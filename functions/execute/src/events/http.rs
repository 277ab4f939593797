//! Requests over HTTP: the router, between an event and a proxy response or a stream.

use axum::{body::BodyDataStream, response::Response};
use lambda_http::{
    Adapter, Context, LambdaEvent, Request, RequestExt, Service,
    lambda_runtime::{Diagnostic, FunctionResponse, MetadataPrelude, StreamResponse},
    request::{LambdaRequest, RequestContext},
    service_fn,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::ServiceExt;

use super::{Events, Reply, internal, json, records::HttpShape};
use crate::http::MaxDownload;

/// What paths of the API begin with.
const API: [&str; 2] = ["/v2/", "/openapi.json"];
/// What does not stand for itself in the path of a request line.
const NOT_IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'`').add(b'<').add(b'>').add(b'?').add(b'\\');
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
        let Ok(response) = router.oneshot(as_asked(request)).await;
        return Ok(FunctionResponse::StreamingResponse(stream(response)));
    }
    let whole = service_fn(move |mut request: Request| {
        request.extensions_mut().insert(MaxDownload(MAX_WHOLE));
        router.clone().oneshot(as_asked(request))
    });
    let Ok(response) = Adapter::from(whole).call(LambdaEvent::new(request, context)).await;
    json(&response)
}

fn stream(response: Response) -> StreamResponse<BodyDataStream> {
    let (parts, body) = response.into_parts();
    let metadata_prelude = MetadataPrelude { status_code: parts.status, headers: parts.headers, cookies: Vec::new() };
    StreamResponse { metadata_prelude, stream: body.into_data_stream() }
}

/// The request at the path that its client asked for. `lambda_http` puts the stage before it, and reads it as a browser
/// does, by which `files/../../<id>` would become another route.
fn as_asked(mut request: Request) -> Request {
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.stage.as_deref(),
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    let path = without_stage(request.raw_http_path(), stage.unwrap_or_default());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // A gateway may have decoded it; what stands for itself in a path stays, an escape that came through too.
    let uri = format!("{}{query}", utf8_percent_encode(path, NOT_IN_PATHS)).parse();
    // No route at all, rather than the one that something else has made of it.
    *request.uri_mut() = uri.unwrap_or_default();
    request
}

/// The path without the stage's name, unless that is not what stands before the API's own path. A stage may itself be called
/// `v2`.
fn without_stage<'a>(path: &'a str, stage: &str) -> &'a str {
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    rest.filter(|rest| API.iter().any(|api| rest.starts_with(api))).unwrap_or(path)
}
