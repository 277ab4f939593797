//! `GET /v2/sandcastles`: the organisation's sandboxes, newest first.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use sandcastle::contract::{SandboxPage, StatusFilter};
use serde::Deserialize;

use crate::{
    App,
    http::{
        ApiError,
        extract::{Caller, PageQuery, parse_query},
    },
};

pub(in crate::http) async fn list(
    Caller(caller): Caller,
    Filter(filter): Filter,
    PageQuery { limit, cursor }: PageQuery,
    State(app): State<Arc<App>>,
) -> Result<Json<SandboxPage>, ApiError> {
    Ok(Json(app.sandcastles.list(&caller, filter, limit, cursor.as_deref()).await?))
}

/// The `status` of the query.
pub(in crate::http) struct Filter(StatusFilter);

#[derive(Deserialize)]
struct Raw {
    status: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Raw { status } = parse_query(parts)?;
        match status.as_deref() {
            None | Some("running") => Ok(Self(StatusFilter::Running)),
            Some("stopped") => Ok(Self(StatusFilter::Stopped)),
            Some("all") => Ok(Self(StatusFilter::All)),
            Some(_) => Err(ApiError::invalid("status must be running, stopped or all")),
        }
    }
}
