//! The one error of this API: a status that cannot mean success, the published code, a text for the caller, and a cause
//! for the log.

use std::{borrow::Cow, error::Error, sync::Arc};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sandcastle::service::ServiceError;

use crate::AuthError;

/// What kind of refusal it is; status and code follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Kind {
    InvalidRequest,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    MethodNotAllowed,
    Conflict,
    RateLimited,
    Internal,
}

impl Kind {
    pub(in crate::http) fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code of the published envelope; it has none for a wrong method.
    pub(in crate::http) fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::MethodNotAllowed => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Internal => "internal",
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Debug)]
pub(in crate::http) struct HttpError {
    pub(in crate::http) kind: Kind,
    /// For the caller; nothing of the inside.
    pub(in crate::http) message: Cow<'static, str>,
    /// For the log.
    pub(in crate::http) cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl HttpError {
    /// A refusal whose whole story the caller may read.
    pub(in crate::http) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), cause: None }
    }

    /// The request is wrong.
    pub(in crate::http) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::InvalidRequest, message)
    }

    /// Something failed that is not the caller's fault, and whose story only the log tells.
    pub(in crate::http) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Internal, message: "internal error".into(), cause: Some(Arc::from(cause.into())) }
    }
}

impl From<ServiceError> for HttpError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::new(Kind::NotFound, "no such sandbox"),
            ServiceError::NoFile => Self::new(Kind::NotFound, "no such file"),
            ServiceError::Forbidden(message) => Self::new(Kind::PermissionDenied, message),
            ServiceError::Invalid(message) => Self::new(Kind::InvalidRequest, message),
            ServiceError::Conflict(message) => Self::new(Kind::Conflict, message),
            ServiceError::Busy => Self::new(Kind::RateLimited, "every kernel is busy; try again"),
            ServiceError::Store(_) | ServiceError::Interpreter(_) => Self::internal(error),
        }
    }
}

impl From<AuthError> for HttpError {
    fn from(error: AuthError) -> Self {
        Self::internal(error)
    }
}

/// The status alone, with the error beside it: the envelope is written where the request's id is known, by
/// [`answer`](crate::http::answer).
impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
