//! `GET /v2/connectors`: an empty list, for clients that ask for it first.

use axum::Json;

use crate::http::extract::Caller;

pub(in crate::http) async fn connectors(_caller: Caller) -> Json<[(); 0]> {
    Json([])
}
