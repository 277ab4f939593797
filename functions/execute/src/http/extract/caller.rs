//! The authenticated caller.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use sandcastle::Principal;

use crate::{
    App,
    auth::{bad_token, bearer_token},
    http::{ApiError, Kind},
};

/// Who calls.
pub(in crate::http) struct Caller(pub(in crate::http) Principal);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        let Some(token) = bearer_token(&parts.headers) else {
            return Err(ApiError::new(Kind::Unauthenticated, "send an API key as Authorization: Bearer <key>"));
        };
        app.authenticator.principal(&token).await?.map(Self).ok_or_else(bad_token)
    }
}
