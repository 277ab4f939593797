//! `POST /v2/sandcastles/{id}/exec`: runs a command in its own process with the sandbox's files.

use axum::Json;
use sandcastle::{CommandKind, contract::ExecResponse, service::ExecRequest};
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
    command: Option<&'a RawValue>,
    #[serde(borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    env: Option<&'a RawValue>,
    #[serde(borrow)]
    timeout_s: Option<&'a RawValue>,
}

pub(in crate::http) async fn exec(run: Run, body: JsonText) -> Result<Json<ExecResponse>, ApiError> {
    let request = parse(&body)?;
    drop(body);
    run.within_limits(|service, RunCall { caller, id, key, deadline }| async move {
        let request = ExecRequest { idempotency_key: key, ..request };
        service.exec(&caller, &id, request, deadline).await
    })
    .await
}

fn parse(body: &JsonText) -> Result<ExecRequest, ApiError> {
    let Raw { command, kind, env, timeout_s } = body.object()?;
    let kind = match kind.map(|kind| json::string("kind", kind)).transpose()?.as_deref() {
        None | Some("bash") => CommandKind::Bash,
        Some("python") => CommandKind::Python,
        Some(_) => return Err(ApiError::invalid("kind must be bash or python")),
    };
    let (command, env) = (json::required("command", command)?, json::texts("env", env)?);
    Ok(ExecRequest { kind, command, env, limit: json::seconds("timeout_s", timeout_s)?, idempotency_key: None })
}
