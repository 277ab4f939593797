//! The HTTP routes, and the layer around all of them.

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

mod answer;
mod extract;
mod form;
mod routes;

pub(crate) use routes::files::MaxDownload;

use crate::{
    App,
    error::{ApiError, Kind},
};

/// The router of the API. Every answer carries `x-request-id`; every error is the envelope `{"error": {"code", "message"}}`,
/// also for an unknown route (404) and an unsupported method (405 with `Allow`). There are no CORS headers: browsers cannot
/// call the API from another origin.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v2/sandcastles", post(routes::start::start).get(routes::list::list))
        .route("/v2/sandcastles/{id}", get(routes::status::status).delete(routes::stop::stop))
        .route("/v2/sandcastles/{id}/execute", post(routes::execute::execute))
        .route("/v2/sandcastles/{id}/exec", post(routes::exec::exec))
        .route("/v2/sandcastles/{id}/executions", get(routes::executions::executions))
        .route("/v2/sandcastles/{id}/executions/{execution}", get(routes::executions::execution))
        .route("/v2/sandcastles/{id}/files", get(routes::files::list).post(routes::uploads::upload))
        .route("/v2/sandcastles/{id}/files/{*path}", get(routes::files::download).delete(routes::files::delete))
        .route("/v2/connectors", get(routes::connectors::connectors))
        .route("/openapi.json", get(routes::openapi::openapi))
        .fallback(async || ApiError::new(Kind::NotFound, "no such route"))
        .method_not_allowed_fallback(async || ApiError::new(Kind::MethodNotAllowed, "method not allowed"))
        .layer(from_fn_with_state(Arc::clone(&app), answer::answer))
        .with_state(app)
}
