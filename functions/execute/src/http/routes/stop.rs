//! `DELETE /v2/sandcastles/{id}`: stops a sandbox.

use std::sync::Arc;

use axum::{Json, extract::State};
use sandcastle::contract::Success;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, SandboxPath},
    },
};

pub(in crate::http) async fn stop(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
) -> Result<Json<Success>, ApiError> {
    detached(async move { app.sandcastles.stop(&caller, &id, deadline).await }).await?;
    Ok(Json(Success { success: true }))
}
