//! A stand-in for API Gateway: passes HTTP requests to a function as REST API events, one at a time. Requests without a route
//! in `infra/openapi.yaml` do not reach the function.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    rest::{http_response, parameters, rest_event, routes},
    serve::serve_at,
};

/// Largest event of a synchronous invocation, in bytes (gettingstarted-limits.html: 6 MB).
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// A running gateway.
pub struct Gateway {
    /// Base URL of the API; without a stage.
    pub url: String,
}

struct Backend {
    /// Method and resource of each route.
    routes: Vec<(String, String)>,
    function: String,
    http: reqwest::Client,
    /// The emulator takes one request at a time.
    turn: Mutex<()>,
}

impl Gateway {
    /// A gateway to the function with this URL for invocations.
    pub async fn start(function: &str) -> Self {
        Self::start_at(0, function).await
    }

    /// The same at this port of the loopback address.
    pub async fn start_at(port: u16, function: &str) -> Self {
        let (routes, http) = (routes(), reqwest::Client::new());
        let backend = Backend { routes, function: function.to_owned(), http, turn: Mutex::default() };
        let router =
            Router::new().fallback(answer).layer(DefaultBodyLimit::max(10 << 20)).with_state(Arc::new(backend));
        Self { url: serve_at(port, router).await }
    }
}

async fn answer(
    State(backend): State<Arc<Backend>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut routes = backend.routes.iter().filter(|(known, _)| *known == method.as_str());
    let found = routes.find_map(|(_, resource)| Some((resource, parameters(resource, uri.path())?)));
    let Some((resource, parameters)) = found else {
        return refusal(StatusCode::NOT_FOUND, "not_found");
    };
    let event = rest_event(&method, &uri, &headers, &body, resource, parameters).to_string();
    if event.len() > MAX_EVENT {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request");
    }
    // In a task of its own: a client that gives up does not cancel what the emulator has begun.
    match tokio::spawn(async move { backend.invoke(event).await }).await.unwrap() {
        answer if answer.get("statusCode").is_some() => http_response(&answer),
        _ => refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// An error that the gateway itself answers.
fn refusal(status: StatusCode, code: &str) -> Response<Body> {
    let body = json!({ "error": { "code": code, "message": "refused by the gateway" } }).to_string();
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(body.into()).unwrap()
}

impl Backend {
    async fn invoke(&self, event: String) -> Value {
        let _turn = self.turn.lock().await;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.function).body(event.clone()).send().await {
                Ok(answer) => return answer.json().await.unwrap_or_default(),
                Err(error) => assert!(Instant::now() < deadline, "the emulator does not answer: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
