//! `GET /v2/sandcastles/{id}/executions`: the executions of a sandbox, newest first; and one by its id.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use sandcastle::contract::{ExecutionPage, ExecutionRecord};

use crate::{
    App,
    http::{
        ApiError, Kind,
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

/// `GET …/executions/{execution}`: one complete record, with fresh links to its files.
pub(in crate::http) async fn execution(
    Caller(caller): Caller,
    path: Result<Path<(String, String)>, PathRejection>,
    State(app): State<Arc<App>>,
) -> Result<Json<ExecutionRecord>, ApiError> {
    let Path((id, execution)) = path.map_err(|_| ApiError::new(Kind::NotFound, "no such execution"))?;
    Ok(Json(app.sandcastles.execution(&caller, &id, &execution).await?))
}
