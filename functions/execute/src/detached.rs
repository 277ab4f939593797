//! Work that goes on when its caller goes away: a sandbox is never left halfway through a change.

use sandcastle::service::ServiceError;
use tracing::Instrument;

use crate::error::ApiError;

/// Runs a call of the service on a task of its own, and waits for it.
pub(crate) async fn detached<T: Send + 'static>(
    call: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(call.in_current_span()).await {
        Ok(result) => Ok(result?),
        // What the task said when it panicked may quote code or output; the panic hook logs where it was.
        Err(_) => Err(ApiError::internal("a call panicked")),
    }
}
