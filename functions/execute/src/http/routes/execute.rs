//! `POST /v2/sandcastles/{id}/execute`: Python goes in, output comes out.

use std::sync::Arc;

use axum::{Json, extract::State};
use sandcastle::contract::{ExecuteRequest, ExecuteResponse};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    App,
    http::{
        HttpError,
        detached::detached,
        extract::{Caller, Deadline, IdempotencyKey, JsonText, SandboxPath, string},
    },
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
) -> Result<Json<ExecuteResponse>, HttpError> {
    let request = parse(&body)?;
    drop(body);
    let call = async move { app.sandcastles.execute(&caller, &id, request, key.as_deref(), deadline).await };
    detached(call).await.map(Json)
}

fn parse(body: &JsonText) -> Result<ExecuteRequest, HttpError> {
    let Raw { code, display_last } = body.object()?;
    let code = code.ok_or_else(|| HttpError::invalid("code is missing: it has to be a string"))?;
    let display_last = match display_last.map(RawValue::get) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(HttpError::invalid("display_last has to be true or false")),
    };
    Ok(ExecuteRequest { code: string("code", code)?, display_last })
}
