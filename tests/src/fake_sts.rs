//! A stand-in for STS: answers AssumeRole, and records requests and the credentials it issued.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use sandcastle_s3::StaticCredentials;

use crate::serve::serve;

/// Decides on an AssumeRole request, given the caller's access key id and the request's parameters: the credentials to
/// issue, or `None` to deny access.
pub type AssumeRole = Box<dyn Fn(&str, &HashMap<String, String>) -> Option<StaticCredentials> + Send + Sync>;

/// Session token of the credentials of [`FakeSts::start_with`].
pub const SESSION_TOKEN: &str = "the-session-token";

/// STS with one action.
pub struct FakeSts {
    /// URL of the API.
    pub url: String,
    state: Arc<StsState>,
}

struct StsState {
    decide: AssumeRole,
    requests: Mutex<Vec<HashMap<String, String>>>,
    issued: Mutex<Vec<StaticCredentials>>,
}

impl FakeSts {
    /// Issues the credentials that `decide` returns, valid for an hour.
    pub async fn start(decide: AssumeRole) -> Self {
        let state = Arc::new(StsState { decide, requests: Mutex::default(), issued: Mutex::default() });
        let url = serve(Router::new().fallback(assume_role).with_state(Arc::clone(&state))).await;
        Self { url, state }
    }

    /// Issues these credentials, with a session token, to every caller.
    pub async fn start_with(credentials: &StaticCredentials) -> Self {
        let issued = StaticCredentials { session_token: Some(SESSION_TOKEN.to_owned()), ..credentials.clone() };
        Self::start(Box::new(move |_, _| Some(issued.clone()))).await
    }

    /// The parameters of each request so far.
    pub fn requests(&self) -> Vec<HashMap<String, String>> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The credentials issued so far.
    pub fn issued(&self) -> Vec<StaticCredentials> {
        self.state.issued.lock().unwrap().clone()
    }
}

async fn assume_role(State(state): State<Arc<StsState>>, headers: HeaderMap, form: String) -> Response {
    let query: Uri = format!("/?{form}").parse().unwrap();
    let Query(request) = Query::<HashMap<String, String>>::try_from_uri(&query).unwrap();
    let signature = headers["authorization"].to_str().unwrap();
    let caller = signature.split("Credential=").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let issued = (state.decide)(caller, &request);
    state.requests.lock().unwrap().push(request);
    let Some(issued) = issued else {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>";
        return (StatusCode::FORBIDDEN, [("content-type", "text/xml")], body).into_response();
    };
    state.issued.lock().unwrap().push(issued.clone());
    let StaticCredentials { key_id, secret, session_token } = issued;
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
