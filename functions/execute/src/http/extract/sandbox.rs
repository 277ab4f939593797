//! Extracts the sandbox id of the path. The domain validates it.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::http::{ApiError, Kind};

/// The `{id}` of the path, percent-decoded.
pub(in crate::http) struct SandboxPath(pub(in crate::http) String);

impl<S: Send + Sync> FromRequestParts<S> for SandboxPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ApiError::new(Kind::NotFound, "no such sandbox"))
    }
}
