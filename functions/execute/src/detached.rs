//! Runs calls to their end even when the client disconnects, so that no change to a sandbox stops halfway.

use sandcastle::service::ServiceError;
use tracing::Instrument;

use crate::error::ApiError;

/// Runs a call of the service on its own task, and waits for it.
pub(crate) async fn detached<T: Send + 'static>(
    call: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(call.in_current_span()).await {
        Ok(result) => Ok(result?),
        // The text of the panic may quote code or output. The panic hook logs its location.
        Err(_) => Err(ApiError::internal("a call panicked")),
    }
}
