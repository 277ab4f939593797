//! Executions that arrive as events: direct invocations, SQS, SNS, EventBridge.

use std::{
    sync::atomic::Ordering,
    time::{Duration, SystemTime},
};

use lambda_http::{Context, lambda_runtime::Diagnostic};
use sandcastle::{Name, Scope};
use sandcastle_execute::EventSettings;
use serde_json::{Value, json};

use crate::{
    lambda::{SANDBOX, TOKEN},
    support::{World, invocation, invoke, whole},
};

const DIRECT: &str = include_str!("../../fixtures/events/execute-direct.json");
const SQS: &str = include_str!("../../fixtures/events/execute-sqs.json");
const SNS: &str = include_str!("../../fixtures/events/execute-sns.json");
const EVENT_BRIDGE: &str = include_str!("../../fixtures/events/execute-eventbridge.json");

/// One world, with one sandbox in it.
struct Scene {
    world: World,
    id: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let id = world.sandbox().await;
        Self { world, id }
    }

    /// A fixture for this sandbox, with a key that is good.
    fn filled(&self, fixture: &str) -> String {
        fixture.replace(TOKEN, &self.world.token).replace(SANDBOX, &self.id)
    }

    async fn invoke(&self, event: &str, request_id: &str) -> Result<Value, Diagnostic> {
        self.invoke_with(event, EventSettings::default(), context(request_id)).await
    }

    async fn invoke_with(&self, event: &str, settings: EventSettings, context: Context) -> Result<Value, Diagnostic> {
        invoke(&self.world.events(settings), event, context).await.map(whole)
    }

    fn runs(&self) -> usize {
        self.world.interpreter.runs.load(Ordering::SeqCst)
    }

    /// Source and code of each execution, newest first.
    async fn executions(&self) -> Vec<(String, String)> {
        let listed = self.world.call("GET", &format!("/v2/sandcastles/{}/executions", self.id), "").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = listed.body["executions"].as_array().unwrap().iter();
        all.map(|one| (text(&one["source"]), text(&one["input"]))).collect()
    }
}

fn context(request_id: &str) -> Context {
    invocation(request_id, SystemTime::now() + Duration::from_secs(60))
}

fn trusting() -> EventSettings {
    EventSettings { trusted_org: Some(Name::parse("acme").unwrap()), stream_downloads: false }
}

/// A direct invocation without a token.
fn direct(id: &str, code: &str) -> String {
    json!({ "sandbox_id": id, "code": code }).to_string()
}

fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{answer}"));
    failures.iter().map(|one| one["itemIdentifier"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_fixture_gives_its_documented_answer() {
    let scene = Scene::new().await;
    for (fixture, source) in [(DIRECT, "invoke"), (SNS, "sns"), (EVENT_BRIDGE, "eventbridge")] {
        let answer = scene.invoke(&scene.filled(fixture), "r").await.unwrap();
        assert_eq!(answer["output"], json!(["printed by the code"]), "{source}: {answer}");
        assert_eq!(scene.executions().await[0], (source.to_owned(), "print(2 + 2)".to_owned()));
    }
    // As they are they name a key that is none. Who waits for the answer gets it; else the event has failed.
    let refused = scene.invoke(DIRECT, "r").await.unwrap();
    assert_eq!(refused["error"]["code"], "unauthenticated", "{refused}");
    for fixture in [SNS, EVENT_BRIDGE] {
        assert_eq!(scene.invoke(fixture, "r").await.unwrap_err().error_type, "unauthenticated");
    }
    assert_eq!(failed(&scene.invoke(SQS, "r").await.unwrap()).len(), 10);
}

#[tokio::test]
async fn of_ten_messages_exactly_the_three_bad_ones_are_reported() {
    let scene = Scene::new().await;
    let batch = scene.filled(SQS);
    let bad = [2, 5, 7].map(|n| format!("059f36b4-87a3-44ab-83d2-66197569710{n}"));
    assert_eq!(failed(&scene.invoke(&batch, "r").await.unwrap()), bad);
    let codes: Vec<_> = scene.executions().await.into_iter().rev().collect();
    let expected = [0, 1, 3, 4, 6, 8, 9].map(|n| ("sqs".to_owned(), format!("print({n})")));
    assert_eq!(codes, expected, "one after the other");
}

#[tokio::test]
async fn what_is_delivered_again_is_not_run_again() {
    let scene = Scene::new().await;
    let keyless = DIRECT.replace("\"idempotency_key\": \"report-2026-11-22\",", "");
    assert!(keyless.len() < DIRECT.len());
    for (fixture, runs) in [(SQS, 7), (SNS, 1), (EVENT_BRIDGE, 1), (DIRECT, 1), (&keyless, 1)] {
        let (event, before) = (scene.filled(fixture), scene.runs());
        let first = scene.invoke(&event, "the-same").await.unwrap();
        assert_eq!(scene.runs(), before + runs);
        // Lambda keeps the id of an asynchronous invocation when it tries again.
        assert_eq!(scene.invoke(&event, "the-same").await.unwrap(), first, "another answer");
        assert_eq!(scene.runs(), before + runs, "run again: {fixture}");
    }
    let before = scene.runs();
    scene.invoke(&scene.filled(&keyless), "another").await.unwrap();
    assert_eq!(scene.runs(), before + 1, "another invocation is another execution");
    scene.invoke(&scene.filled(DIRECT), "another").await.unwrap();
    assert_eq!(scene.runs(), before + 1, "a key of one's own outlives the invocation");
    let other = scene.filled(DIRECT).replace("print(2 + 2)", "print(3)");
    assert_eq!(scene.invoke(&other, "r").await.unwrap()["error"]["code"], "conflict");
}

#[tokio::test]
async fn without_a_token_only_a_trusted_organisations_sandboxes_can_be_reached() {
    let scene = Scene::new().await;
    let event = direct(&scene.id, "1");
    let refused = scene.invoke(&event, "r").await.unwrap();
    assert_eq!(refused["error"]["code"], "unauthenticated");
    assert!(refused["error"]["message"].as_str().unwrap().contains("token"), "{refused}");
    // Any member's sandbox of that organisation.
    let done = scene.invoke_with(&event, trusting(), context("r")).await.unwrap();
    assert_eq!(done["output"], json!(["printed by the code"]));
    let other = EventSettings { trusted_org: Some(Name::parse("umbrella").unwrap()), ..EventSettings::default() };
    let foreign = scene.invoke_with(&event, other, context("s")).await.unwrap();
    let missing = scene.invoke_with(&direct(SANDBOX, "1"), trusting(), context("t")).await.unwrap();
    assert_eq!(foreign["error"]["code"], "not_found");
    assert_eq!(foreign, missing, "a foreign sandbox is told from a missing one");
    // A token that is sent counts, and trust does not make up for what it lacks.
    scene.world.add_key("tql_reader", &[Scope::Read], None).await;
    let mut event: Value = serde_json::from_str(&event).unwrap();
    event["token"] = json!("tql_reader");
    let weak = scene.invoke_with(&event.to_string(), trusting(), context("u")).await.unwrap();
    assert_eq!(weak["error"]["code"], "permission_denied");
    assert_eq!(scene.runs(), 1);
}

#[tokio::test]
async fn malformed_messages_are_refused_by_name() {
    let scene = Scene::new().await;
    let id = scene.id.as_str();
    let long = "k".repeat(257);
    let cases = [
        (json!({ "code": "1" }), "sandbox_id"),
        (json!({ "sandbox_id": 7, "code": "1" }), "sandbox_id"),
        (json!({ "sandbox_id": id }), "code"),
        (json!({ "sandbox_id": id, "code": ["1"] }), "code"),
        (json!({ "sandbox_id": id, "code": "1", "display_last": "yes" }), "display_last"),
        (json!({ "sandbox_id": id, "code": "1", "idempotency_key": "" }), "idempotency_key"),
        (json!({ "sandbox_id": id, "code": "1", "idempotency_key": long }), "idempotency_key"),
        (json!({ "sandbox_id": id, "code": "1", "idempotency_key": "a b" }), "idempotency_key"),
        (json!({ "sandbox_id": id, "code": "1", "token": 7 }), "token"),
    ];
    for (event, named) in cases {
        let answer = scene.invoke_with(&event.to_string(), trusting(), context("r")).await.unwrap();
        assert_eq!(answer["error"]["code"], "invalid_request", "{event}: {answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(named), "{event}: {answer}");
    }
    // Not even an execution: an error of the function, which no sender takes for an answer.
    let kinesis = json!({ "Records": [{ "eventSource": "aws:kinesis", "kinesis": {} }] });
    for event in [json!([]), json!(null), json!("code"), json!({ "Records": 7 }), json!({ "Records": [{}] }), kinesis] {
        let error = scene.invoke(&event.to_string(), "r").await.unwrap_err();
        assert_eq!(error.error_type, "invalid_request", "{event}");
    }
    for event in [json!({ "requestContext": {} }), json!({ "requestContext": 7, "httpMethod": 7 })] {
        scene.invoke(&event.to_string(), "r").await.unwrap_err();
    }
    assert_eq!(scene.runs(), 0);
}

#[tokio::test]
async fn what_may_work_later_is_an_error_of_the_function_and_names_no_internals() {
    let scene = Scene::new().await;
    for (code, kind) in [("busy", "rate_limit_exceeded"), ("no time", "conflict"), ("broken kernel", "internal")] {
        let error = scene.invoke_with(&direct(&scene.id, code), trusting(), context(&code.replace(' ', "-"))).await;
        let error = error.err().unwrap_or_else(|| panic!("{code} is answered, and lost where nobody waits"));
        assert_eq!(error.error_type, kind);
        assert!(!error.error_message.contains("/opt"), "{error:?}");
    }
    let panicked = scene.invoke_with(&direct(&scene.id, "panic"), trusting(), context("p")).await.unwrap_err();
    assert_eq!(panicked.error_type, "internal");
    assert!(!panicked.error_message.contains("quoting"), "{panicked:?}");
    let late = invocation("late", SystemTime::UNIX_EPOCH);
    let error = scene.invoke_with(&direct(&scene.id, "1"), trusting(), late).await.unwrap_err();
    assert_eq!(error.error_type, "conflict", "no time is left");
}

/// A batch of a FIFO queue: group and code of each message.
fn fifo(id: &str, messages: &[(&str, &str)]) -> String {
    let record = |(n, (group, code)): (usize, &(&str, &str))| {
        json!({
            "messageId": n.to_string(),
            "body": direct(id, code),
            "attributes": { "MessageGroupId": group },
            "eventSource": "aws:sqs",
        })
    };
    json!({ "Records": messages.iter().enumerate().map(record).collect::<Vec<_>>() }).to_string()
}

#[tokio::test]
async fn in_a_fifo_queue_nothing_overtakes_what_failed_before_it_in_its_group() {
    let scene = Scene::new().await;
    let batch = fifo(&scene.id, &[("a", "a1"), ("a", "busy"), ("a", "a3"), ("b", "b1"), ("b", "b2")]);
    let answer = scene.invoke_with(&batch, trusting(), context("r")).await.unwrap();
    assert_eq!(failed(&answer), ["1", "2"]);
    let mut codes: Vec<_> = scene.executions().await.into_iter().map(|(_, code)| code).collect();
    codes.sort();
    assert_eq!(codes, ["a1", "b1", "b2"]);
}
