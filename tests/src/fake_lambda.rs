//! A stand-in for Lambda's Invoke API: forwards invocations to an emulator, one at a time, and records them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::serve::serve;

/// A fault that every invocation meets while it is set.
#[derive(Clone)]
pub enum InvokeFault {
    /// 429: no environment is left for one more tenant.
    Throttle,
    /// The function failed with this error; it was not invoked.
    FunctionError(Value),
    /// Forwards the invocation, and puts the value in the answer at this JSON pointer.
    Forge(&'static str, Value),
}

/// An invocation as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Header `X-Amz-Tenant-Id`.
    pub tenant: String,
    /// Header `X-Amz-Invocation-Type`; empty when absent, which means `RequestResponse`.
    pub kind: String,
    /// Name of the function, from the path.
    pub function: String,
}

/// The Invoke API over one emulator.
pub struct FakeLambda {
    /// URL of the API.
    pub url: String,
    state: Arc<LambdaState>,
}

struct LambdaState {
    emulator: String,
    http: reqwest::Client,
    invocations: Mutex<Vec<Invocation>>,
    fault: Mutex<Option<InvokeFault>>,
    /// Answers that were forged.
    forged: AtomicUsize,
    /// The emulator takes one request at a time.
    turn: tokio::sync::Mutex<()>,
}

impl FakeLambda {
    /// Forwards invocations to this URL of an emulator.
    pub async fn start(emulator: &str) -> Self {
        let state = Arc::new(LambdaState {
            emulator: emulator.to_owned(),
            http: reqwest::Client::new(),
            invocations: Mutex::default(),
            fault: Mutex::default(),
            forged: AtomicUsize::new(0),
            turn: tokio::sync::Mutex::default(),
        });
        let url = serve(Router::new().fallback(invoke).with_state(Arc::clone(&state))).await;
        Self { url, state }
    }

    /// The invocations received so far.
    pub fn invocations(&self) -> Vec<Invocation> {
        self.state.invocations.lock().unwrap().clone()
    }

    /// How many answers were forged since the last call of this.
    pub fn forged(&self) -> usize {
        self.state.forged.swap(0, Ordering::SeqCst)
    }

    /// Sets the fault of all invocations from now on, or none.
    pub fn set_fault(&self, fault: Option<InvokeFault>) {
        *self.state.fault.lock().unwrap() = fault;
    }
}

impl LambdaState {
    async fn forward(&self, body: Bytes) -> Value {
        let _turn = self.turn.lock().await;
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.emulator).body(body.clone()).send().await {
                Ok(answer) => return answer.json().await.unwrap(),
                Err(error) => assert!(Instant::now() < deadline, "the emulator does not answer: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn invoke(State(state): State<Arc<LambdaState>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let function = uri.path().strip_prefix("/2015-03-31/functions/").unwrap().strip_suffix("/invocations").unwrap();
    let kind = header("x-amz-invocation-type");
    let invocation =
        Invocation { tenant: header("x-amz-tenant-id"), kind: kind.clone(), function: function.to_owned() };
    state.invocations.lock().unwrap().push(invocation);
    let fault = state.fault.lock().unwrap().clone();
    match fault {
        Some(InvokeFault::Throttle) => {
            let body = json!({ "Type": "User", "message": "Rate Exceeded.", "Reason": "TenantLimitExceeded" });
            let kind = [("x-amzn-errortype", "TooManyRequestsException")];
            return (StatusCode::TOO_MANY_REQUESTS, kind, body.to_string()).into_response();
        }
        Some(InvokeFault::FunctionError(error)) => {
            return ([("x-amz-function-error", "Unhandled")], error.to_string()).into_response();
        }
        Some(InvokeFault::Forge(..)) | None => {}
    }
    // In a task of its own: a caller that gives up does not cancel what the emulator has begun.
    let forwarding = Arc::clone(&state);
    let forwarded = tokio::spawn(async move { forwarding.forward(body).await });
    let mut answer = forwarded.await.unwrap();
    if kind == "Event" {
        return StatusCode::ACCEPTED.into_response();
    }
    if answer.get("errorType").is_some() {
        return ([("x-amz-function-error", "Unhandled")], answer.to_string()).into_response();
    }
    if let Some(InvokeFault::Forge(pointer, value)) = fault {
        match answer.pointer_mut(pointer) {
            Some(place) => {
                *place = value;
                state.forged.fetch_add(1, Ordering::SeqCst);
            }
            None => eprintln!("the answer has no {pointer}: {answer}"),
        }
    }
    answer.to_string().into_response()
}
