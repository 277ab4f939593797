//! Authenticates the caller and applies the limit on requests.

use std::sync::{Arc, OnceLock};

use axum::{extract::FromRequestParts, http::request::Parts};
use sandcastle::Principal;

use crate::{
    App,
    auth::{Known, bearer_token},
    http::{ApiError, Kind},
    limits::RateLimit,
};

/// The authenticated caller, within its limit on requests.
pub(in crate::http) struct Caller(pub(in crate::http) Principal);

/// The name that the caller's limits are counted under: an extension of the request.
#[derive(Clone)]
pub(in crate::http) struct KeyName(pub(in crate::http) Arc<str>);

/// The state of the caller's limit, for the headers of the answer: an extension of the request.
pub(in crate::http) type RateLimitSlot = Arc<OnceLock<RateLimit>>;

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Some(token) = bearer_token(&parts.headers) else {
            return Err(ApiError::new(
                Kind::Unauthenticated,
                "authentication required: send an API key as `Authorization: Bearer <key>`",
            ));
        };
        let Known { principal, counted_as } = app.authenticator.known(&token).await?.ok_or_else(ApiError::bad_token)?;
        let key = KeyName(counted_as.into());
        let rate = app.limits.request(&principal, &key.0)?;
        if let (Some(rate), Some(slot)) = (rate, parts.extensions.get::<RateLimitSlot>()) {
            let _first = slot.set(rate);
        }
        parts.extensions.insert(key);
        Ok(Self(principal))
    }
}
