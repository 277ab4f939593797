//! The id of a request, which its answer and its log lines carry.

use axum::http::HeaderMap;
use lambda_http::Context;
use uuid::Uuid;

/// The header that carries it, in requests and in answers.
pub(crate) const HEADER: &str = "x-request-id";
/// The longest id that is accepted from a caller.
const MAX_LEN: usize = 64;

/// Lambda's id of the invocation, if it is safe to log.
pub(crate) fn request_id_of(context: &Context) -> &str {
    if is_safe(&context.request_id) { &context.request_id } else { "none" }
}

/// Lambda's id of the invocation; else the caller's, if it is safe to log; else a new one.
pub(crate) fn request_id(headers: &HeaderMap, invocation: Option<&Context>) -> String {
    if let Some(context) = invocation.filter(|context| is_safe(&context.request_id)) {
        return context.request_id.clone();
    }
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
    given.filter(|id| is_safe(id)).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned)
}

fn is_safe(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=MAX_LEN).contains(&id.len()) && id.bytes().all(plain)
}
