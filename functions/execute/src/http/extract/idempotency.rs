//! The `Idempotency-Key` header.

use axum::{extract::FromRequestParts, http::request::Parts};
use sandcastle::{IdempotencyKey, limits::MAX_IDEMPOTENCY_KEY_BYTES};

use crate::http::ApiError;

const HEADER: &str = "idempotency-key";

/// The key, if there is one.
pub(in crate::http) struct IdempotencyHeader(pub(in crate::http) Option<IdempotencyKey>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.to_str().ok().and_then(|key| IdempotencyKey::parse(key).ok());
        match (key, values.next()) {
            (Some(key), None) => Ok(Self(Some(key))),
            _ => {
                let message = format!(
                    "Idempotency-Key must be one header with 1 to {MAX_IDEMPOTENCY_KEY_BYTES} visible ASCII characters"
                );
                Err(ApiError::invalid(message))
            }
        }
    }
}
