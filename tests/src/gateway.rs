//! An API Gateway: a server that hands requests on to a function, one at a time, as REST API events. What has no route in
//! `infra/openapi.yaml` never gets to the function.

use std::{
    net::Ipv4Addr,
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
use tokio::{net::TcpListener, sync::Mutex};

use crate::rest::{http_response, parameters, rest_event, routes};

/// The longest event of a synchronous invocation (gettingstarted-limits.html: 6 MB).
const MAX_EVENT: usize = 6 * 1024 * 1024;

/// A running gateway.
pub struct Gateway {
    /// Where it listens; the stage is not in it.
    pub url: String,
}

struct Behind {
    /// Method and resource of each.
    routes: Vec<(String, String)>,
    function: String,
    http: reqwest::Client,
    /// An emulator takes one request at a time.
    turn: Mutex<()>,
}

impl Gateway {
    /// A gateway to the function whose invocations go to this URL.
    pub async fn start(function: &str) -> Self {
        let (routes, http) = (routes(), reqwest::Client::new());
        let behind = Behind { routes, function: function.to_owned(), http, turn: Mutex::default() };
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(10 << 20)).with_state(Arc::new(behind));
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        Self { url }
    }
}

async fn answer(
    State(behind): State<Arc<Behind>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut routes = behind.routes.iter().filter(|(known, _)| *known == method.as_str());
    let found = routes.find_map(|(_, resource)| Some((resource, parameters(resource, uri.path())?)));
    let Some((resource, parameters)) = found else {
        return refusal(StatusCode::NOT_FOUND, "not_found");
    };
    let event = rest_event(&method, &uri, &headers, &body, resource, parameters).to_string();
    if event.len() > MAX_EVENT {
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request");
    }
    // Once begun it goes on, even if the client gives up: the emulator has it.
    match tokio::spawn(async move { behind.invoke(event).await }).await.unwrap() {
        answer if answer.get("statusCode").is_some() => http_response(&answer),
        _ => refusal(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// What the gateway answers by itself.
fn refusal(status: StatusCode, code: &str) -> Response<Body> {
    let body = json!({ "error": { "code": code, "message": "refused by the gateway" } }).to_string();
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "application/json");
    response.body(body.into()).unwrap()
}

impl Behind {
    async fn invoke(&self, event: String) -> Value {
        let _turn = self.turn.lock().await;
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.function).body(event.clone()).send().await {
                Ok(answer) => return answer.json().await.unwrap_or_default(),
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
