//! What a failed invocation means for the call.

use aws_sdk_lambda::{
    error::{ProvideErrorMetadata, SdkError},
    operation::invoke::InvokeError,
};
use sandcastle::interpreter::RunError;

/// Answers that mean: no environment is free, or may be made, just now. The limit on tenants is one of the first kind.
const BUSY: &[&str] = &[
    "TooManyRequestsException",
    "EC2ThrottledException",
    "ENILimitReachedException",
    "SubnetIPAddressLimitReachedException",
    "ResourceConflictException",
    "ResourceNotReadyException",
];

/// An invocation that the interpreter function did not answer.
#[derive(Debug, thiserror::Error)]
#[error("invoke the interpreter function")]
struct InvokeFailed(#[source] SdkError<InvokeError>);

/// Sorts an error of the SDK. The only time limit on an invocation is what is left of the call.
pub(crate) fn of(error: SdkError<InvokeError>) -> RunError {
    if matches!(error, SdkError::TimeoutError(_)) {
        return RunError::NoTime;
    }
    if error.code().is_some_and(|code| BUSY.contains(&code)) {
        tracing::warn!(code = error.code(), "no environment for a sandbox");
        return RunError::Busy;
    }
    RunError::failed(InvokeFailed(error))
}
