//! What stands between the two functions: a Lambda that hands invocations on to an emulator, and an STS that lends the
//! embedded S3's credentials. Both remember what they were asked.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use sandcastle_s3::StaticCredentials;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What Lambda does instead of handing on.
#[derive(Clone)]
pub enum Mischief {
    /// Answers that there is no room for one more tenant.
    Throttle,
    /// Answers with this error of the function.
    FunctionError(Value),
    /// Hands on, and puts this into the answer's place that the pointer names.
    Forge(&'static str, Value),
}

/// An invocation as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `X-Amz-Tenant-Id`.
    pub tenant: String,
    /// `X-Amz-Invocation-Type`; empty when it is the usual one.
    pub kind: String,
    /// The name in the path.
    pub function: String,
}

/// A Lambda over one emulator.
pub struct FakeLambda {
    /// Where it listens.
    pub url: String,
    state: Arc<LambdaState>,
}

struct LambdaState {
    emulator: String,
    http: reqwest::Client,
    invocations: Mutex<Vec<Invocation>>,
    mischief: Mutex<Option<Mischief>>,
    /// An emulator takes one request at a time.
    turn: tokio::sync::Mutex<()>,
}

impl FakeLambda {
    /// Hands invocations on to this URL.
    pub async fn start(emulator: &str) -> Self {
        let state = Arc::new(LambdaState {
            emulator: emulator.to_owned(),
            http: reqwest::Client::new(),
            invocations: Mutex::default(),
            mischief: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        let url = serve(Router::new().fallback(invoke).with_state(Arc::clone(&state))).await;
        Self { url, state }
    }

    /// What came so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state.invocations.lock().unwrap().clone()
    }

    /// From now on.
    pub fn do_mischief(&self, mischief: Option<Mischief>) {
        *self.state.mischief.lock().unwrap() = mischief;
    }
}

impl LambdaState {
    async fn hand_on(&self, body: Bytes) -> Value {
        let _turn = self.turn.lock().await;
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.emulator).body(body.clone()).send().await {
                Ok(answer) => return answer.json().await.unwrap(),
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn invoke(State(state): State<Arc<LambdaState>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let function = uri.path().strip_prefix("/2015-03-31/functions/").unwrap().strip_suffix("/invocations").unwrap();
    let kind = header("x-amz-invocation-type");
    let came = Invocation { tenant: header("x-amz-tenant-id"), kind: kind.clone(), function: function.to_owned() };
    state.invocations.lock().unwrap().push(came);
    let mischief = state.mischief.lock().unwrap().clone();
    match mischief {
        Some(Mischief::Throttle) => {
            let body = json!({ "Type": "User", "message": "Rate Exceeded.", "Reason": "TenantLimitExceeded" });
            return (
                StatusCode::TOO_MANY_REQUESTS,
                [("x-amzn-errortype", "TooManyRequestsException")],
                body.to_string(),
            )
                .into_response();
        }
        Some(Mischief::FunctionError(error)) => {
            return ([("x-amz-function-error", "Unhandled")], error.to_string()).into_response();
        }
        Some(Mischief::Forge(..)) | None => {}
    }
    // Once begun it goes on, even if the caller gives up: the emulator has it.
    let handed_on = tokio::spawn(async move { state.hand_on(body).await });
    let mut answer = handed_on.await.unwrap();
    if kind == "Event" {
        return StatusCode::ACCEPTED.into_response();
    }
    if answer.get("errorType").is_some() {
        return ([("x-amz-function-error", "Unhandled")], answer.to_string()).into_response();
    }
    if let Some(Mischief::Forge(place, lie)) = mischief {
        *answer.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = lie;
    }
    answer.to_string().into_response()
}

/// An STS that lends the same credentials to everybody.
pub struct FakeSts {
    /// Where it listens.
    pub url: String,
    requests: Arc<Mutex<Vec<HashMap<String, String>>>>,
}

impl FakeSts {
    /// Lends these for an hour.
    pub async fn start(credentials: &StaticCredentials) -> Self {
        let requests = Arc::new(Mutex::default());
        let state = (Arc::clone(&requests), credentials.clone());
        let url = serve(Router::new().fallback(assume_role).with_state(state)).await;
        Self { url, requests }
    }

    /// The parameters of each request so far.
    pub fn requests(&self) -> Vec<HashMap<String, String>> {
        self.requests.lock().unwrap().clone()
    }
}

type StsState = (Arc<Mutex<Vec<HashMap<String, String>>>>, StaticCredentials);

async fn assume_role(State((requests, credentials)): State<StsState>, form: String) -> Response {
    let query: Uri = format!("/?{form}").parse().unwrap();
    let Query(request) = Query::<HashMap<String, String>>::try_from_uri(&query).unwrap();
    requests.lock().unwrap().push(request);
    let StaticCredentials { key_id, secret, .. } = credentials;
    let expires = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
    let expires = expires.format(&time::format_description::well_known::Rfc3339).unwrap();
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>lent</SessionToken><Expiration>{expires}</Expiration>\
         </Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    ([("content-type", "text/xml")], body).into_response()
}

async fn serve(router: Router) -> String {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
    url
}
