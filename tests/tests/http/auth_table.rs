//! Every call with every kind of caller: the answer to each, and that a refused call changes nothing.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering},
};

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use http_body_util::BodyExt;
use sandcastle::{Name, Scope, Secret, layout, store::ObjectStore};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tower::ServiceExt;

use crate::support::World;

/// Whom a call is for, among those who are known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// Everybody, known or not.
    All,
    /// Whoever has the scope; what it shows is the caller's own organisation's.
    Caller,
    /// The sandbox's organisation.
    Org,
    /// The member who started the sandbox; others of the organisation are refused.
    Owner,
    /// The same; for others there is no such sandbox.
    OwnerAlone,
}

/// Method and route as the contract spells them, body, scope, whom it is for, and what the right caller is answered: the
/// status, and the fields of the body or its text.
type Row = (&'static str, &'static str, &'static str, Option<Scope>, For, u16, &'static str);

const ID: &str = "/v2/sandcastles/{id}";
const CODE: &str = r#"{"code": "1"}"#;
const COMMAND: &str = r#"{"command": "1"}"#;
const FORM: &str =
    "--border\r\ncontent-disposition: form-data; name=\"file\"; filename=\"b.csv\"\r\n\r\n3,4\n\r\n--border--\r\n";
const RECORD: &str = "created_at duration_ms error files id input kind output_preview source";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("POST",   "/v2/sandcastles",                             "",                         Some(Scope::Write),   For::Caller,     201, "created_at sandbox_id"),
    ("POST",   "/v2/sandcastles",                             r#"{"sandbox_id": "{id}"}"#, Some(Scope::Write),  For::OwnerAlone, 201, "created_at sandbox_id"),
    ("GET",    "/v2/sandcastles",                             "",                         Some(Scope::Read),    For::Caller,     200, "sandboxes"),
    ("GET",    ID,                                            "",                         Some(Scope::Read),    For::Org,        200, "dataframes memory_usage status"),
    ("DELETE", ID,                                            "",                         Some(Scope::Write),   For::Owner,      200, "success"),
    ("POST",   "/v2/sandcastles/{id}/execute",                CODE,                       Some(Scope::Execute), For::Owner,      200, "dataframes execution_time_ms files output"),
    ("POST",   "/v2/sandcastles/{id}/exec",                   COMMAND,                    Some(Scope::Execute), For::Owner,      200, "error exit_code stderr stdout"),
    ("GET",    "/v2/sandcastles/{id}/executions",             "",                         Some(Scope::Read),    For::Org,        200, "executions"),
    ("GET",    "/v2/sandcastles/{id}/executions/{execution}", "",                         Some(Scope::Read),    For::Org,        200, RECORD),
    ("POST",   "/v2/sandcastles/{id}/files",                  FORM,                       Some(Scope::Write),   For::Owner,      200, "filename size_bytes"),
    ("GET",    "/v2/sandcastles/{id}/files",                  "",                         Some(Scope::Read),    For::Org,        200, "files"),
    ("GET",    "/v2/sandcastles/{id}/files/{path}",           "",                         Some(Scope::Read),    For::Org,        200, "1,2\n"),
    ("DELETE", "/v2/sandcastles/{id}/files/{path}",           "",                         Some(Scope::Write),   For::Owner,      200, "success"),
    ("GET",    "/v2/connectors",                              "",                         None,                 For::Caller,     200, "[]"),
    ("GET",    "/openapi.json",                               "",                         None,                 For::All,        200, "components info openapi paths security servers tags"),
];

/// What is seen of an answer.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    /// Without the request's own id.
    headers: HeaderMap,
    body: String,
}

impl Seen {
    /// The fields of the body, or its text when it has none.
    fn shape(&self) -> String {
        match serde_json::from_str(&self.body) {
            Ok(Value::Object(fields)) => fields.keys().cloned().collect::<Vec<_>>().join(" "),
            _ => self.body.clone(),
        }
    }
}

/// A sandbox of acme's ada with an execution and a file, and what calls on it are sent.
struct Fixture {
    world: World,
    id: String,
    execution: String,
}

/// The id of a sandbox that does not exist.
const NOBODYS: &str = "01920000-0000-7000-8000-000000000000";

/// Seconds by which the clock of this test is ahead.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::seconds(AHEAD.load(Ordering::SeqCst))
}

impl Fixture {
    async fn new() -> Self {
        let world = World::at(now).await;
        let id = world.sandbox().await;
        let fixture = Self { world, id, execution: String::new() };
        assert_eq!(fixture.world.execute(&fixture.id, "0").await.status, 200);
        let listed = fixture.world.call("GET", &format!("/v2/sandcastles/{}/executions", fixture.id), "").await;
        let execution = listed.body["executions"][0]["id"].as_str().unwrap().to_owned();
        let form = FORM.replace("b.csv", "a.csv").replace("3,4", "1,2");
        let upload = ("POST", "/v2/sandcastles/{id}/files", "", None, For::Owner, 200, "");
        let own = [format!("Bearer {}", fixture.world.token)];
        assert_eq!(fixture.send_body(&upload, &fixture.id, form, &own).await.status, 200);
        Self { execution, ..fixture }
    }

    /// The row's call on this sandbox with these `Authorization` headers.
    async fn send(&self, row: &Row, id: &str, authorization: &[String]) -> Seen {
        self.send_body(row, id, row.2.replace("{id}", id), authorization).await
    }

    async fn send_body(&self, row: &Row, id: &str, body: String, authorization: &[String]) -> Seen {
        let path = row.1.replace("{id}", id).replace("{execution}", &self.execution).replace("{path}", "a.csv");
        let form = body.starts_with("--border");
        let content_type = if form { "multipart/form-data; boundary=border" } else { "application/json" };
        let request = Request::builder().method(row.0).uri(path).header("content-type", content_type);
        let request = authorization.iter().fold(request, |request, value| request.header("authorization", value));
        let response = self.world.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (mut parts, body) = response.into_parts();
        parts.headers.remove("x-request-id").expect("every answer has a request id");
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Seen { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends the call with a key of acme's ada with all scopes, changed by `change`.
    async fn send_as(&self, row: &Row, change: impl FnOnce(&mut sandcastle::KeyRecord)) -> Seen {
        self.world.add_record("tql_callers-own", change).await;
        self.send(row, &self.id, &["Bearer tql_callers-own".to_owned()]).await
    }
}

fn assert_answer(row: &Row, seen: &Seen, who: &str) {
    assert_eq!((seen.status, seen.shape()), (row.5, row.6.to_owned()), "{who}: {} {}: {seen:?}", row.0, row.1);
}

fn assert_refused(row: &Row, seen: &Seen, wanted: (u16, &str, &str), who: &str) {
    let (status, code, message) = wanted;
    let body = json!({ "error": { "code": code, "message": message } });
    let found = (seen.status, serde_json::from_str::<Value>(&seen.body).unwrap_or_default());
    assert_eq!(found, (status, body), "{who}: {} {}", row.0, row.1);
}

/// Sends a call in a new fixture, asserts that it is refused like that, and that it has changed nothing.
async fn refused(row: &Row, who: &str, wanted: (u16, &str, &str), send: impl AsyncFn(&Fixture) -> Seen) {
    let fixture = Fixture::new().await;
    let before = (fixture.world.store.all_but_keys(), fixture.world.interpreter.runs.load(Ordering::SeqCst));
    let seen = send(&fixture).await;
    assert_refused(row, &seen, wanted, who);
    let challenge = seen.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
    assert_eq!(challenge, (wanted.0 == 401).then_some("Bearer"), "{who}");
    let after = (fixture.world.store.all_but_keys(), fixture.world.interpreter.runs.load(Ordering::SeqCst));
    assert_eq!(after, before, "{who}: {} {} was refused and has changed something", row.0, row.1);
}

/// Sends a call in a new fixture, and asserts that it gets the answer of an authorised caller.
async fn assert_accepted(row: &Row, who: &str, send: impl AsyncFn(&Fixture) -> Seen) -> Seen {
    let seen = send(&Fixture::new().await).await;
    assert_answer(row, &seen, who);
    seen
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

const NONE: (u16, &str, &str) =
    (401, "unauthenticated", "authentication required: send an API key as `Authorization: Bearer <key>`");
const BAD: (u16, &str, &str) = (401, "unauthenticated", "the token is unknown, invalid or expired");
const NOT_OWNER: (u16, &str, &str) = (403, "permission_denied", "only the member who started this sandbox may do that");
const NO_SANDBOX: (u16, &str, &str) = (404, "not_found", "no such sandbox");

#[tokio::test]
async fn who_is_not_known_is_401_everywhere() {
    for row in ROWS.iter().filter(|row| row.4 != For::All) {
        refused(row, "no token", NONE, async |fixture| fixture.send(row, &fixture.id, &[]).await).await;
        for malformed in ["", "Bearer", "Bearer ", "{}", "Basic {}", "Bearer {} {}", "Bearer\t{}"] {
            refused(row, malformed, NONE, async |fixture| {
                let value = malformed.replace("{}", &fixture.world.token);
                fixture.send(row, &fixture.id, &[value]).await
            })
            .await;
        }
        refused(row, "two tokens", NONE, async |fixture| {
            let good = format!("Bearer {}", fixture.world.token);
            fixture.send(row, &fixture.id, &[good.clone(), good]).await
        })
        .await;
        refused(row, "unknown", BAD, async |fixture| {
            fixture.send(row, &fixture.id, &["Bearer tql_0".to_owned()]).await
        })
        .await;
        let ago = |age: i64| Some(now() - Duration::seconds(age));
        refused(row, "expired", BAD, async |fixture| fixture.send_as(row, |key| key.expires_at = ago(0)).await).await;
        refused(row, "retired", BAD, async |fixture| fixture.send_as(row, |key| key.retired_at = ago(0)).await).await;
        refused(row, "revoked", BAD, async |fixture| {
            let key = layout::api_key(&Secret::new(fixture.world.token.clone()).digest());
            fixture.world.store.delete(&[key]).await.unwrap();
            AHEAD.fetch_add(30, Ordering::SeqCst);
            fixture.send(row, &fixture.id, &[format!("Bearer {}", fixture.world.token)]).await
        })
        .await;
    }
}

#[tokio::test]
async fn another_organisation_sees_the_same_as_of_a_sandbox_that_nobody_has_started() {
    for row in ROWS.iter().filter(|row| row.4 != For::All) {
        let other = async |fixture: &Fixture| fixture.send_as(row, |key| key.org = name("other")).await;
        if row.4 == For::Caller {
            let seen = assert_accepted(row, "wrong org", other).await;
            let fixture = Fixture::new().await;
            assert!(!other(&fixture).await.body.contains(&fixture.id), "{}", seen.body);
            continue;
        }
        refused(row, "wrong org", NO_SANDBOX, other).await;
        // To the byte, headers too: whoever calls, and whatever the id is.
        let fixture = Fixture::new().await;
        let foreign = other(&fixture).await;
        let own = [format!("Bearer {}", fixture.world.token)];
        assert_eq!(fixture.send(row, NOBODYS, &own).await, foreign);
        assert_eq!(fixture.send(row, "no-id", &own).await, foreign);
        let stranger = ["Bearer tql_callers-own".to_owned()];
        assert_eq!(fixture.send(row, NOBODYS, &stranger).await, foreign);
        // And by the same reads, though the process knows the sandbox that it has just run code in: no time tells them apart.
        let reads = async |id| {
            fixture.world.store.reads.lock().unwrap().clear();
            fixture.send(row, id, &stranger).await;
            fixture.world.store.reads.lock().unwrap().clone()
        };
        assert_eq!(reads(&fixture.id).await, reads(NOBODYS).await, "{} {}", row.0, row.1);
    }
}

#[tokio::test]
async fn another_member_of_the_organisation_reads_and_changes_nothing() {
    for row in ROWS {
        let member = async |fixture: &Fixture| fixture.send_as(row, |key| key.member = name("bob")).await;
        match row.4 {
            For::All | For::Caller | For::Org => drop(assert_accepted(row, "another member", member).await),
            For::Owner => refused(row, "another member", NOT_OWNER, member).await,
            For::OwnerAlone => refused(row, "another member", NO_SANDBOX, member).await,
        }
    }
}

#[tokio::test]
async fn a_key_without_the_scope_is_403_and_one_with_no_other_scope_gets_in() {
    for row in ROWS {
        let Some(scope) = row.3 else {
            assert_accepted(row, "no scope", async |fixture| fixture.send_as(row, |key| key.scopes.clear()).await)
                .await;
            continue;
        };
        let message = format!("the key lacks the scope {}", scope.as_str());
        refused(row, "missing scope", (403, "permission_denied", &message), async |fixture| {
            fixture.send_as(row, |key| key.scopes.retain(|has| *has != scope)).await
        })
        .await;
        assert_accepted(row, "right", async |fixture| fixture.send_as(row, |key| key.scopes = vec![scope]).await).await;
    }
}

#[tokio::test]
async fn every_call_of_the_contract_has_a_row() {
    let contract = Fixture::new().await.world.call("GET", "/openapi.json", "").await.body;
    let mut listed = BTreeSet::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            listed.insert((method.to_uppercase(), path.clone()));
        }
    }
    let rows: BTreeSet<_> = ROWS.iter().map(|row| (row.0.to_owned(), row.1.to_owned())).collect();
    assert_eq!(rows, listed);
}
