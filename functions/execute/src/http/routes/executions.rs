//! `GET /v2/sandcastles/{id}/executions`: what ran in a sandbox, newest first.

use std::sync::Arc;

use axum::{Json, extract::State};
use sandcastle::contract::ExecutionPage;

use crate::{
    App,
    http::{
        ApiError,
        extract::{Caller, PageQuery, SandboxPath},
    },
};

pub(in crate::http) async fn executions(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    PageQuery { limit, cursor }: PageQuery,
    State(app): State<Arc<App>>,
) -> Result<Json<ExecutionPage>, ApiError> {
    Ok(Json(app.sandcastles.executions(&caller, &id, limit, cursor.as_deref()).await?))
}
