//! A JSON body: read within limits, and refused without quoting it.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use http_body_util::BodyExt;
use sandcastle::limits::MAX_BODY_BYTES;
use serde::Deserialize;
use serde_json::{error::Category, value::RawValue};

use crate::http::HttpError;

/// For a body to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);
/// Of a body that is too long so much is read and dropped, because most clients read no answer before all is sent.
const DRAINED: usize = 8 * MAX_BODY_BYTES;

/// A body that is said to be JSON, within the limit, in UTF-8. Empty when there was none.
pub(in crate::http) struct JsonText(String);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let is_json = is_json(request.headers());
        let body = tokio::time::timeout(ARRIVES_WITHIN, read(request.into_body())).await;
        let body = body.map_err(|_| HttpError::invalid("the body took too long to arrive"))??;
        if !is_json && !body.is_empty() {
            return Err(HttpError::invalid("content-type has to be application/json"));
        }
        let not_utf8 = |error: std::string::FromUtf8Error| {
            HttpError::invalid(format!("the body is not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        };
        String::from_utf8(body).map(Self).map_err(not_utf8)
    }
}

impl JsonText {
    /// True when there was no body.
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a JSON object. `T`'s fields are [`RawValue`]s, so that a wrong one is named by who knows what it has to be,
    /// and unknown ones take no memory.
    pub(in crate::http) fn object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, HttpError> {
        // A derived struct would take an array too.
        if !self.0.trim_ascii_start().starts_with('{') {
            return Err(HttpError::invalid("the body has to be a JSON object"));
        }
        serde_json::from_str(&self.0).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            HttpError::invalid(match error.classify() {
                Category::Data => format!("a field of the body is there twice (line {line}, column {column})"),
                Category::Io | Category::Syntax | Category::Eof => {
                    format!("the body is not JSON at line {line}, column {column}")
                }
            })
        })
    }
}

/// The text in a field that has to be a string.
pub(in crate::http) fn string(name: &str, value: &RawValue) -> Result<String, HttpError> {
    let wrong = |_| match value.get().starts_with('"') {
        true => HttpError::invalid(format!("{name} holds a malformed escape, such as half a surrogate pair")),
        false => HttpError::invalid(format!("{name} has to be a string")),
    };
    serde_json::from_str(value.get()).map_err(wrong)
}

/// `application/json`, `application/*+json`, or nothing said.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(value) = value.to_str() else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let suffixed = essence.strip_prefix("application/").and_then(|subtype| subtype.strip_suffix("+json"));
    essence == "application/json" || suffixed.is_some_and(|name| !name.is_empty())
}

async fn read(mut body: Body) -> Result<Vec<u8>, HttpError> {
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| HttpError::invalid("the body ended too early"))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&data);
        } else if length > DRAINED {
            break;
        }
    }
    if length <= MAX_BODY_BYTES { Ok(bytes) } else { Err(HttpError::invalid("the body is too long")) }
}
