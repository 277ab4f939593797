//! `GET /v2/connectors`: Sandcastle has none; clients that ask first go on.

use axum::Json;

use crate::http::extract::Caller;

pub(in crate::http) async fn connectors(_caller: Caller) -> Json<[(); 0]> {
    Json([])
}
