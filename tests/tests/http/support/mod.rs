//! An application over in-memory adapters, and requests to it.

mod interpreter;
mod issuer;
mod store;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, Response, StatusCode},
};
use http_body_util::BodyExt;
use lambda_http::{
    Context, LambdaEvent,
    lambda_runtime::{Diagnostic, FunctionResponse},
};
use sandcastle::{
    KeyRecord, Name, Scope, Secret, layout,
    service::{Sandcastles, Settings, Writers},
    store::ObjectStore,
};
use sandcastle_execute::{Allowance, App, Authenticator, Clock, EventSettings, Events, JwtSettings, Reply, router};
use serde_json::Value;
use time::OffsetDateTime;
use tower::ServiceExt;

pub(crate) use interpreter::FakeInterpreter;
pub(crate) use issuer::{Issuer, Published, Signer, decode, encode, key_set};
pub(crate) use store::MemoryStore;

/// The application, and what stands behind it.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) interpreter: Arc<FakeInterpreter>,
    /// A key with all scopes.
    pub(crate) token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or("")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::at(OffsetDateTime::now_utc).await
    }

    /// With a clock of one's own.
    pub(crate) async fn at(now: Clock) -> Self {
        Self::with_jwt(None, now).await
    }

    /// With an issuer of JSON Web Tokens.
    pub(crate) async fn with_jwt(jwt: Option<JwtSettings>, now: Clock) -> Self {
        let (store, interpreter) = (Arc::new(MemoryStore::default()), Arc::new(FakeInterpreter::default()));
        let sandcastles = Sandcastles::new(store.clone(), interpreter.clone(), settings(now));
        let authenticator = Authenticator::new(store.clone(), now).with_jwt(jwt);
        let app = Arc::new(App::new(Arc::new(sandcastles), authenticator, None));
        let token = Secret::generate().expose().to_owned();
        let world = Self { router: router(Arc::clone(&app)), app, store, interpreter, token };
        world.add_key(&world.token, &Scope::ALL, None).await;
        world
    }

    pub(crate) async fn add_key(&self, token: &str, scopes: &[Scope], expires_at: Option<OffsetDateTime>) {
        self.add_record(token, |record| {
            record.scopes = scopes.to_vec();
            record.expires_at = expires_at;
        })
        .await;
    }

    /// A key of acme's ada with all scopes, but for this change.
    pub(crate) async fn add_record(&self, token: &str, change: impl FnOnce(&mut KeyRecord)) {
        let mut record = KeyRecord {
            org: Name::parse("acme").unwrap(),
            member: Name::parse("ada").unwrap(),
            scopes: Scope::ALL.to_vec(),
            name: "test".into(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            expires_at: None,
            retired_at: None,
            sandbox_limit: None,
        };
        change(&mut record);
        let key = layout::api_key(&Secret::new(token.into()).digest());
        self.store.put(&key, serde_json::to_vec(&record).unwrap().into()).await.unwrap();
    }

    /// The same world behind limits on its callers.
    pub(crate) fn limited(&self, allowed: Allowance) -> Router {
        self.limited_at(allowed, OffsetDateTime::now_utc)
    }

    /// With a clock of one's own.
    pub(crate) fn limited_at(&self, allowed: Allowance, now: Clock) -> Router {
        let sandcastles = Sandcastles::new(self.store.clone(), self.interpreter.clone(), settings(now));
        let sandcastles = sandcastles.with_counted_limits(allowed.counted);
        let authenticator = Authenticator::new(self.store.clone(), now);
        router(Arc::new(App::new(Arc::new(sandcastles), authenticator, None).with_limits(allowed)))
    }

    /// The answer to a request with this bearer token.
    pub(crate) async fn with_token(&self, token: &str) -> Answer {
        let request = Request::builder().uri("/v2/connectors").header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// What answers invocations of the function.
    pub(crate) fn events(&self, settings: EventSettings) -> Events {
        Events::new(Arc::clone(&self.app), settings)
    }

    /// A request with the world's key and a JSON content type.
    pub(crate) fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        self.request_of(&self.token, method, path)
    }

    /// The same with another's key.
    pub(crate) fn request_of(&self, token: &str, method: &str, path: &str) -> axum::http::request::Builder {
        let bearer = format!("Bearer {token}");
        Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", bearer)
            .header("content-type", "application/json")
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(self.request(method, path).body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A request with the world's key and a form.
    pub(crate) fn form_request(&self, path: &str, boundary: &str) -> axum::http::request::Builder {
        Request::builder()
            .method("POST")
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
    }

    /// Sends this form, with the line endings of HTTP.
    pub(crate) async fn form(&self, id: &str, form: &str) -> Answer {
        let body = form.replace('\n', "\r\n");
        self.send(self.form_request(&format!("/v2/sandcastles/{id}/files"), "x").body(Body::from(body)).unwrap()).await
    }

    /// Uploads a file; the name as it stands in the form.
    pub(crate) async fn upload(&self, id: &str, name: &str, content: &str) -> Answer {
        let head = format!("--x\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\n\n");
        self.form(id, &format!("{head}{content}\n--x--\n")).await
    }

    /// Names in the working folder.
    pub(crate) async fn names(&self, id: &str) -> Vec<String> {
        let listed = self.call("GET", &format!("/v2/sandcastles/{id}/files"), "").await;
        let files = listed.body["files"].as_array().unwrap().iter();
        files.map(|file| file["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The bytes of a working file, and the status; the path as it stands in a request.
    pub(crate) async fn download(&self, id: &str, path: &str) -> (u16, String) {
        let request = self.request("GET", &format!("/v2/sandcastles/{id}/files/{path}")).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// Starts a sandbox; its id.
    pub(crate) async fn sandbox(&self) -> String {
        let started = self.call("POST", "/v2/sandcastles", "").await;
        assert_eq!(started.status, 201, "{started:?}");
        started.body["sandbox_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn execute(&self, id: &str, code: &str) -> Answer {
        let body = serde_json::json!({ "code": code }).to_string();
        self.call("POST", &format!("/v2/sandcastles/{id}/execute"), &body).await
    }
}

fn settings(now: Clock) -> Settings {
    Settings { execution_limit: Duration::from_secs(50), writers: Writers::One, now }
}

/// What Lambda says of an invocation.
pub(crate) fn invocation(request_id: &str, deadline: SystemTime) -> Context {
    let mut context = Context::default();
    context.request_id = request_id.into();
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    context.deadline = deadline.as_millis().try_into().unwrap();
    context
}

/// Invokes the function with an event; its answer, or its error.
pub(crate) async fn invoke(events: &Events, event: &str, context: Context) -> Result<Reply, Diagnostic> {
    events.handle(LambdaEvent::new(serde_json::from_str(event).unwrap(), context)).await
}

/// The JSON of an answer.
pub(crate) fn whole(reply: Reply) -> Value {
    match reply {
        FunctionResponse::BufferedResponse(json) => serde_json::from_str(json.get()).unwrap(),
        FunctionResponse::StreamingResponse(_) => panic!("a stream"),
    }
}

/// Reads an answer, and holds it to what is promised of every one.
pub(crate) async fn read(response: Response<Body>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    let answer = Answer { status: parts.status, headers: parts.headers, body };
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
    if !answer.status.is_success() {
        let error = answer.body["error"].as_object();
        let texts = error.is_some_and(|error| error.len() == 2 && error.values().all(|value| value.is_string()));
        assert!(texts && answer.body.as_object().unwrap().len() == 1, "not the envelope: {answer:?}");
    }
    answer
}
