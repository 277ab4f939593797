//! What an SDK error means: refused for good, or nobody knows.

use aws_sdk_s3::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use sandcastle::store::StoreError;

/// Sorts an error. Only an answer of 4xx says for sure that nothing has happened, and not even each of those.
pub(crate) fn failed<E>(action: &'static str, key: &str, error: SdkError<E>) -> StoreError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let refused = match &error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status();
            // S3 answers 400 `RequestTimeout` when a body comes too slowly.
            status.is_client_error() && !matches!(status.as_u16(), 408 | 429) && error.code() != Some("RequestTimeout")
        }
        _ => false,
    };
    tracing::debug!(action, key, code = error.code(), request_id = error.request_id(), refused, "s3 request failed");
    if refused { refusal(action, key, error) } else { unknown(action, key, error) }
}

/// An outcome that nobody knows.
pub(crate) fn unknown(
    action: &'static str,
    key: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unknown { action, key: key.to_owned(), source: source.into() }
}

/// A refusal.
pub(crate) fn refusal(
    action: &'static str,
    key: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Refused { action, key: key.to_owned(), source: source.into() }
}

/// True when the service answered with one of these codes.
pub(crate) fn answered<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}
