//! HTTP requests: from the event to the router, and from its response to a proxy response or a stream.

use std::time::Duration;

use axum::{Router, body::BodyDataStream, response::Response};
use lambda_http::{
    Adapter, Context, LambdaEvent, Request, RequestExt, Service,
    lambda_runtime::{Diagnostic, FunctionResponse, MetadataPrelude, StreamResponse},
    request::{LambdaRequest, RequestContext},
    service_fn,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::ServiceExt;

use super::{
    records::HttpShape,
    reply::{Reply, internal, json},
};
use crate::{app::left_of, http::MaxDownload};

/// Prefixes of the API's paths.
const API: [&str; 2] = ["/v2/", "/openapi.json"];
/// Characters that must be percent-encoded in the path of a request line.
const NOT_IN_PATHS: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'`').add(b'<').add(b'>').add(b'?').add(b'\\');
/// Method and route whose integration with the REST API accepts a stream.
const DOWNLOAD: (&str, &str) = ("GET", "/v2/sandcastles/{id}/files/{path+}");
/// The longest download that is answered whole, in bytes. In base64 and with its headers it stays below Lambda's limit of
/// 6 MB on a response (gettingstarted-limits.html).
const MAX_WHOLE: u64 = 4_400_000;
/// Kept of the time for a stream: for reading the entry, and for what is slower than it must be.
const STREAM_RESERVE: Duration = Duration::from_secs(5);

/// The longest download that is answered as a stream, in bytes: Lambda takes 200 MB at most, and after the first 6 MB no more than
/// 2 MB a second (gettingstarted-limits.html), so that the time that is left is a limit too.
fn max_streamed(left: Duration) -> u64 {
    const MB: u64 = 1024 * 1024;
    let left = left.saturating_sub(STREAM_RESERVE);
    (6 * MB + 2 * MB * left.as_secs()).min(199 * MB)
}

/// True for a download over a REST API, which can be answered as a stream.
pub(super) fn is_download(shape: &HttpShape<'_>) -> bool {
    shape.method.as_deref() == Some(DOWNLOAD.0) && shape.resource.as_deref() == Some(DOWNLOAD.1)
}

/// Answers a request with the router's response: as a stream when `streamed`, else whole.
pub(super) async fn answer(router: Router, event: &str, streamed: bool, context: Context) -> Result<Reply, Diagnostic> {
    let request: LambdaRequest = serde_json::from_str(event).map_err(|_| internal("malformed HTTP event"))?;
    if streamed {
        let most = MaxDownload(max_streamed(left_of(&context)));
        let mut request = Request::from(request).with_lambda_context(context);
        request.extensions_mut().insert(most);
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

/// The request with the path that its client sent. `lambda_http` 1.3 puts the stage before it and normalises it as a
/// browser does, so that `files/../../<id>` would become another route.
fn as_asked(mut request: Request) -> Request {
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.stage.as_deref(),
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    let path = without_stage(request.raw_http_path(), stage.unwrap_or_default());
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    // A gateway may have decoded the path. Only characters that a path cannot hold are encoded again: escapes that are still
    // there stay.
    let uri = format!("{}{query}", utf8_percent_encode(path, NOT_IN_PATHS)).parse();
    // A path that cannot be parsed becomes `/`, which is no route.
    *request.uri_mut() = uri.unwrap_or_default();
    request
}

/// The path without the stage before it, if the stage is there. A stage may be called `v2`: then only what an API path follows
/// is the stage.
fn without_stage<'a>(path: &'a str, stage: &str) -> &'a str {
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    rest.filter(|rest| API.iter().any(|api| rest.starts_with(api))).unwrap_or(path)
}
