//! `GET /openapi.json`: the contract, without authentication. The build script makes it from `infra/openapi.yaml`.

use axum::{http::header::CONTENT_TYPE, response::IntoResponse};

/// The document, as JSON.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

pub(in crate::http) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
