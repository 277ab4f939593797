//! The error of the API: status, published code, message for the caller, cause for the log, and whether a retry may help.

use std::{borrow::Cow, error::Error, sync::Arc, time::Duration};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sandcastle::{
    contract::{ErrorBody, ErrorDetail},
    limits::SANDBOX_AGE,
    service::ServiceError,
};

use sandcastle_runtime::chain;

use crate::{
    auth::AuthError,
    limits::{Exceeded, RateLimit},
};

/// The kind of an error. It determines status and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
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
    pub(crate) fn status(self) -> StatusCode {
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

    /// The code in the published envelope, which has none for a wrong method.
    pub(crate) fn code(self) -> &'static str {
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

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) kind: Kind,
    /// For the caller; it names no internals.
    pub(crate) message: Cow<'static, str>,
    /// For the log.
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    /// The same request may succeed later.
    pub(crate) transient: bool,
    /// Time after which a retry makes sense.
    pub(crate) retry_after: Option<Duration>,
    /// The state of the caller's limit, when that refused the request.
    pub(crate) rate_limit: Option<RateLimit>,
}

impl ApiError {
    /// An error that the message explains completely.
    pub(crate) fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), cause: None, transient: false, retry_after: None, rate_limit: None }
    }

    /// An invalid request.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::InvalidRequest, message)
    }

    /// An internal error. The caller gets the request id, the log gets the cause.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = Some(Arc::from(cause.into()));
        Self { cause, transient: true, ..Self::new(Kind::Internal, "internal error") }
    }

    /// A token that is not accepted. The answer does not tell why.
    pub(crate) fn bad_token() -> Self {
        Self::new(Kind::Unauthenticated, "the token is unknown, invalid or expired")
    }

    /// The envelope for this request. Logs the cause, if there is one.
    pub(crate) fn envelope(&self, request_id: &str) -> ErrorBody {
        if let Some(cause) = &self.cause {
            tracing::error!(error = chain(cause.as_ref()), "request failed");
        }
        let message = match self.kind {
            Kind::Internal => format!("{} (request {request_id})", self.message),
            _ => self.message.to_string(),
        };
        ErrorBody { error: ErrorDetail { code: self.kind.code(), message } }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::new(Kind::NotFound, "no such sandbox"),
            ServiceError::NoExecution => Self::new(Kind::NotFound, "no such execution"),
            ServiceError::NotUploaded => Self::new(Kind::NotFound, error.to_string()),
            ServiceError::NoFile => Self::new(Kind::NotFound, "no such file"),
            ServiceError::Forbidden(message) => Self::new(Kind::PermissionDenied, message),
            ServiceError::Invalid(message) => Self::new(Kind::InvalidRequest, message),
            ServiceError::Conflict(message) => Self { transient: true, ..Self::new(Kind::Conflict, message) },
            ServiceError::KeyReused => Self::new(Kind::Conflict, error.to_string()),
            ServiceError::TooManySandboxes(limit) => {
                Self { transient: true, ..Self::new(Kind::RateLimited, too_many_sandboxes(limit)) }
            }
            ServiceError::TooManyStarts { who, most } => {
                let message = format!(
                    "{who} may start {most} sandboxes in an hour, those not counted that are stopped: stop one with DELETE \
                     /v2/sandcastles/{{id}}, or try again later"
                );
                Self { transient: true, ..Self::new(Kind::RateLimited, message) }
            }
            ServiceError::TooMuchStored { most } => {
                let message = format!(
                    "this organisation may store {} MiB in a day (UTC), and this call would pass that; nothing of the call was kept: store \
                     less, or try again tomorrow",
                    most.get() >> 20
                );
                Self { transient: true, ..Self::new(Kind::RateLimited, message) }
            }
            ServiceError::Busy => {
                Self { transient: true, ..Self::new(Kind::RateLimited, "the server is busy; try again") }
            }
            ServiceError::Store(_) | ServiceError::Interpreter(_) => Self::internal(error),
        }
    }
}

/// How many they may be, and how to get below that.
fn too_many_sandboxes(limit: u32) -> String {
    let days = SANDBOX_AGE.as_secs() / (24 * 3600);
    format!(
        "this key starts a sandbox only while its member has fewer than {limit} running: stop one with DELETE \
         /v2/sandcastles/{{id}}; one that is not used for {days} days stops counting by itself"
    )
}

impl From<Exceeded> for ApiError {
    fn from(error: Exceeded) -> Self {
        let (retry_after, rate_limit) = match error {
            Exceeded::Requests { rate, .. } => (rate.reset, Some(rate)),
            Exceeded::Executions { .. } => (Duration::from_secs(1), None),
        };
        let refused = Self::new(Kind::RateLimited, error.to_string());
        Self { transient: true, retry_after: Some(retry_after), rate_limit, ..refused }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::internal(error)
    }
}

/// The status, with the error as an extension: [`answer`](crate::http::answer), which knows the request's id, writes the
/// envelope.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
