//! `POST /v2/sandcastles`: starts a new sandbox, or restarts one of the caller's own.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use sandcastle::contract::StartResponse;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, JsonText},
    },
    json,
};

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    sandbox_id: Option<&'a RawValue>,
}

pub(in crate::http) async fn start(
    Caller(caller): Caller,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
    body: JsonText,
) -> Result<(StatusCode, Json<StartResponse>), ApiError> {
    let restart = parse(&body)?;
    let call = async move { app.sandcastles.start(&caller, restart.as_deref(), deadline).await };
    Ok((StatusCode::CREATED, Json(detached(call).await?)))
}

fn parse(body: &JsonText) -> Result<Option<String>, ApiError> {
    if body.is_empty() {
        return Ok(None);
    }
    let Raw { sandbox_id } = body.object()?;
    sandbox_id.map(|id| json::string("sandbox_id", id)).transpose()
}
