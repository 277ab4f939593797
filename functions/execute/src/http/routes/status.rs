//! `GET /v2/sandcastles/{id}`: the status of a sandbox, and the dataframes of a running one.

use std::sync::Arc;

use axum::{Json, extract::State};
use sandcastle::contract::StatusResponse;

use crate::{
    App,
    http::{
        ApiError,
        extract::{Caller, SandboxPath},
    },
};

pub(in crate::http) async fn status(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    State(app): State<Arc<App>>,
) -> Result<Json<StatusResponse>, ApiError> {
    Ok(Json(app.sandcastles.status(&caller, &id).await?))
}
