//! `POST /v2/sandcastles/{id}/execute`: Python goes in, output comes out.

use std::sync::Arc;

use axum::{Json, extract::State};
use sandcastle::contract::{ExecuteRequest, ExecuteResponse, Source};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, IdempotencyKey, JsonText, SandboxPath},
    },
    json,
};

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    display_last: Option<&'a RawValue>,
}

pub(in crate::http) async fn execute(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    IdempotencyKey(key): IdempotencyKey,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
    body: JsonText,
) -> Result<Json<ExecuteResponse>, ApiError> {
    let request = parse(&body)?;
    drop(body);
    let call = async move { app.sandcastles.execute(&caller, &id, request, key.as_deref(), deadline).await };
    detached(call).await.map(Json)
}

fn parse(body: &JsonText) -> Result<ExecuteRequest, ApiError> {
    let Raw { code, display_last } = body.object()?;
    let (code, display_last) = (json::required("code", code)?, json::flag("display_last", display_last)?);
    Ok(ExecuteRequest { code, display_last, source: Source::PlatformApi })
}
