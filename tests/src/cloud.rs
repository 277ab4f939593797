//! What stands between the two functions: a Lambda that hands invocations on to an emulator, and an STS that lends
//! credentials. Both remember what they were asked.

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

/// Decides what the holder of this key id is lent for a request's parameters; nothing: access is denied.
pub type Lend = Box<dyn Fn(&str, &HashMap<String, String>) -> Option<StaticCredentials> + Send + Sync>;

/// An STS.
pub struct FakeSts {
    /// Where it listens.
    pub url: String,
    state: Arc<StsState>,
}

struct StsState {
    lend: Lend,
    requests: Mutex<Vec<HashMap<String, String>>>,
    lent: Mutex<Vec<StaticCredentials>>,
}

impl FakeSts {
    /// Lends, for an hour, what `lend` says.
    pub async fn start(lend: Lend) -> Self {
        let state = Arc::new(StsState { lend, requests: Mutex::default(), lent: Mutex::default() });
        let url = serve(Router::new().fallback(assume_role).with_state(Arc::clone(&state))).await;
        Self { url, state }
    }

    /// Lends the same to everybody.
    pub async fn start_with(credentials: &StaticCredentials) -> Self {
        let lent = StaticCredentials { session_token: Some("lent".to_owned()), ..credentials.clone() };
        Self::start(Box::new(move |_, _| Some(lent.clone()))).await
    }

    /// The parameters of each request so far.
    pub fn requests(&self) -> Vec<HashMap<String, String>> {
        self.state.requests.lock().unwrap().clone()
    }

    /// What was lent so far.
    pub fn lent(&self) -> Vec<StaticCredentials> {
        self.state.lent.lock().unwrap().clone()
    }
}

async fn assume_role(State(state): State<Arc<StsState>>, headers: HeaderMap, form: String) -> Response {
    let query: Uri = format!("/?{form}").parse().unwrap();
    let Query(request) = Query::<HashMap<String, String>>::try_from_uri(&query).unwrap();
    let signature = headers["authorization"].to_str().unwrap();
    let caller = signature.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let lent = (state.lend)(caller, &request);
    state.requests.lock().unwrap().push(request);
    let Some(lent) = lent else {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>";
        return (StatusCode::FORBIDDEN, [("content-type", "text/xml")], body).into_response();
    };
    state.lent.lock().unwrap().push(lent.clone());
    let StaticCredentials { key_id, secret, session_token } = lent;
    let token = session_token.unwrap_or_default();
    let expires = time::OffsetDateTime::now_utc() + time::Duration::hours(1);
    let expires = expires.format(&time::format_description::well_known::Rfc3339).unwrap();
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
         <AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{expires}</Expiration>\
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
