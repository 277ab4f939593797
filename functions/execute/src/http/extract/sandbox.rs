//! The sandbox id in the path, as it came: the domain decides whether it is one.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};

use crate::http::{HttpError, Kind};

/// The `{id}` of the path, percent-decoded.
pub(in crate::http) struct SandboxPath(pub(in crate::http) String);

impl<S: Send + Sync> FromRequestParts<S> for SandboxPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| HttpError::new(Kind::NotFound, "no such sandbox"))
    }
}
