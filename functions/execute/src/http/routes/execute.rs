//! `POST /v2/sandcastles/{id}/execute`: runs Python code.

use axum::Json;
use sandcastle::{
    contract::{ExecuteResponse, Source},
    service::ExecuteRequest,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    http::{
        ApiError,
        extract::{JsonText, Run, RunCall},
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

pub(in crate::http) async fn execute(run: Run, body: JsonText) -> Result<Json<ExecuteResponse>, ApiError> {
    let request = parse(&body)?;
    drop(body);
    run.within_limits(|service, RunCall { caller, id, key, deadline }| async move {
        let request = ExecuteRequest { idempotency_key: key, ..request };
        service.execute(&caller, &id, request, deadline).await
    })
    .await
}

fn parse(body: &JsonText) -> Result<ExecuteRequest, ApiError> {
    let Raw { code, display_last, timeout_s } = body.object()?;
    let (code, display_last) = (json::required("code", code)?, json::flag("display_last", display_last)?);
    Ok(ExecuteRequest {
        code,
        display_last,
        limit: json::seconds("timeout_s", timeout_s)?,
        source: Source::PlatformApi,
        idempotency_key: None,
    })
}
