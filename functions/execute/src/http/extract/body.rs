//! Extracts a JSON body within limits on size and time. Errors do not quote it.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use http_body_util::BodyExt;
use sandcastle::limits::MAX_BODY_BYTES;
use serde::Deserialize;

use crate::{http::ApiError, json};

/// Time in which a body must arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
/// How much of a body that is too long is read and dropped: most clients read the answer only after they have sent all.
const DRAINED: usize = 8 * MAX_BODY_BYTES;

/// A body with a JSON content type, within the limit, in UTF-8. Empty when there is none.
pub(in crate::http) struct JsonText(String);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let body = tokio::time::timeout(ARRIVES_WITHIN, read(request.into_body())).await;
        let body = body.map_err(|_| ApiError::invalid("the body did not arrive in time"))??;
        if !is_json && !body.is_empty() {
            return Err(ApiError::invalid("Content-Type must be application/json"));
        }
        let not_utf8 = |error: std::string::FromUtf8Error| {
            ApiError::invalid(format!("the body is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        };
        String::from_utf8(body).map(Self).map_err(not_utf8)
    }
}

impl JsonText {
    /// True when there is no body.
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a JSON object.
    pub(in crate::http) fn object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ApiError> {
        json::object(&self.0)
    }
}

/// True for `application/json`, `application/*+json`, and no content type.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(value) = value.to_str() else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffixed = essence.strip_prefix("application/").and_then(|subtype| subtype.strip_suffix("+json"));
    essence == "application/json" || suffixed.is_some_and(|name| !name.is_empty())
}

async fn read(mut body: Body) -> Result<Vec<u8>, ApiError> {
    // Nobody waits for what is far too long to be drained.
    if body.size_hint().lower() > DRAINED as u64 {
        return Err(too_long());
    }
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::invalid("the body is incomplete"))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&data);
        } else if length > DRAINED {
            break;
        }
    }
    if length <= MAX_BODY_BYTES { Ok(bytes) } else { Err(too_long()) }
}

fn too_long() -> ApiError {
    ApiError::invalid(format!("the body is longer than {MAX_BODY_BYTES} bytes"))
}
