//! Replies to invocations: JSON, a stream, or an error of the function.

use axum::body::BodyDataStream;
use lambda_http::{
    Context,
    lambda_runtime::{Diagnostic, FunctionResponse},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    error::{ApiError, Kind},
    request_id::request_id_of,
};

/// The reply to an invocation: JSON, or a stream for API Gateway.
pub type Reply = FunctionResponse<Box<RawValue>, BodyDataStream>;

/// A reply of JSON.
pub(super) fn json<T: Serialize>(answer: &T) -> Result<Reply, Diagnostic> {
    let json = to_raw_value(answer).map_err(|_| internal("the answer is not JSON"))?;
    Ok(FunctionResponse::BufferedResponse(json))
}

/// The error as an error of the function, with the code and the message of the envelope.
pub(super) fn diagnostic(error: &ApiError, context: &Context) -> Diagnostic {
    let detail = error.envelope(request_id_of(context)).error;
    Diagnostic { error_type: detail.code.to_owned(), error_message: detail.message }
}

/// An internal error of the function.
pub(super) fn internal(what: &str) -> Diagnostic {
    Diagnostic { error_type: Kind::Internal.code().to_owned(), error_message: what.to_owned() }
}
