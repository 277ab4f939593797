//! The `Idempotency-Key` header.

use axum::{extract::FromRequestParts, http::request::Parts};
use sandcastle::limits::MAX_IDEMPOTENCY_KEY_BYTES;

use crate::http::ApiError;

const HEADER: &str = "idempotency-key";

/// The key, if there is one: 1 to 256 visible ASCII characters.
pub(in crate::http) struct IdempotencyKey(pub(in crate::http) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        match (value.to_str(), values.next()) {
            (Ok(key), None) if is_idempotency_key(key) => Ok(Self(Some(key.to_owned()))),
            _ => {
                let message = format!(
                    "Idempotency-Key must be one header with 1 to {MAX_IDEMPOTENCY_KEY_BYTES} visible ASCII characters"
                );
                Err(ApiError::invalid(message))
            }
        }
    }
}

/// True for 1 to 256 visible ASCII characters.
pub(crate) fn is_idempotency_key(key: &str) -> bool {
    (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}
