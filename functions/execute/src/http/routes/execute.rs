//! `POST /v2/sandcastles/{id}/execute`: Python goes in, output comes out.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use sandcastle::contract::{ExecuteRequest, ExecuteResponse, Source};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, IdempotencyKey, JsonText, KeyName, SandboxPath},
    },
    json,
};

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    display_last: Option<&'a RawValue>,
    #[serde(borrow)]
    timeout_s: Option<&'a RawValue>,
}

pub(in crate::http) async fn execute(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    IdempotencyKey(key): IdempotencyKey,
    Deadline(deadline): Deadline,
    Extension(KeyName(key_name)): Extension<KeyName>,
    State(app): State<Arc<App>>,
    body: JsonText,
) -> Result<Json<ExecuteResponse>, ApiError> {
    let request = parse(&body)?;
    drop(body);
    let running = app.limits.execution(&caller, &key_name)?;
    let call = async move {
        let done = app.sandcastles.execute(&caller, &id, request, key.as_deref(), deadline).await;
        drop(running);
        done
    };
    detached(call).await.map(Json)
}

fn parse(body: &JsonText) -> Result<ExecuteRequest, ApiError> {
    let Raw { code, display_last, timeout_s } = body.object()?;
    let (code, display_last) = (json::required("code", code)?, json::flag("display_last", display_last)?);
    Ok(ExecuteRequest {
        code,
        display_last,
        limit: json::seconds("timeout_s", timeout_s)?,
        source: Source::PlatformApi,
    })
}
