//! What the logs have, and what they must not have.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, Once},
    time::{Duration, SystemTime},
};

use sandcastle_execute::EventSettings;
use sandcastle_runtime::logging::{self, Format};
use serde_json::{Value, json};
use tracing::{Level, Subscriber, subscriber::DefaultGuard};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    jwt::{good, now, settings},
    support::{Issuer, Published, Signer, World, invocation, invoke},
};

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Buffer {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Gives this thread its own subscriber. Other tests run beside it, and whether an event is of interest is decided once for
/// all threads: so the whole process has a subscriber that wants everything, from before the first of these.
fn subscribe(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    static EVERYTHING: Once = Once::new();
    EVERYTHING.call_once(|| {
        let everything = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(io::sink).finish();
        tracing::subscriber::set_global_default(everything).unwrap();
    });
    tracing::subscriber::set_default(subscriber)
}

/// Every kind of call, with secrets in all places that a caller fills.
async fn calls(world: &World) {
    let id = world.sandbox().await;
    for code in ["print('code-secret')", "broken kernel", "busy", "# code-secret panic"] {
        world.execute(&id, code).await;
    }
    world.call("POST", &format!("/v2/sandcastles/{id}/execute"), "{\"code\": \"code-secret").await;
    world.call("GET", &format!("/v2/sandcastles/{id}/executions?cursor=query-secret"), "").await;
    world.call("GET", "/v2/path-secret", "").await;
    world.call("GET", "/v2/sandcastles/path-secret", "").await;
    world.call("SECRET-METHOD", "/v2/sandcastles", "").await;
    let request = world.request("GET", "/v2/connectors").header("x-request-id", "id secret");
    world.send(request.body(axum::body::Body::empty()).unwrap()).await;
}

const SECRETS: [&str; 6] =
    ["code-secret", "query-secret", "path-secret", "SECRET-METHOD", "id secret", "printed by the code"];

/// On one thread, so that this test's subscriber sees all of it and nothing of other tests.
#[tokio::test(flavor = "current_thread")]
async fn neither_tokens_nor_code_nor_output_are_logged_at_any_level() {
    let buffer = Buffer::default();
    let all = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(buffer.clone()).finish();
    let _guard = subscribe(all);
    let world = World::new().await;
    calls(&world).await;
    let text = buffer.text();
    assert!(text.contains("answered") && text.contains("request failed"), "{text}");
    for secret in SECRETS.iter().chain([&world.token.as_str()]) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_of_a_json_web_token_is_logged_at_any_level() {
    let buffer = Buffer::default();
    let all = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(buffer.clone()).finish();
    let _guard = subscribe(all);
    let signer = Signer::es256("kid-secret");
    let issuer = Issuer::start(&[signer.jwk()]).await;
    let mut claims = good();
    claims["sub"] = "sub-secret".into();
    claims["org"] = "org-secret".into();
    let token = signer.sign(&claims);
    let tampered = token.replace('.', ".e30");
    for published in [Published::Text(500, "body-secret".into()), Published::Text(200, "body-secret".into())] {
        issuer.publish(published);
        let world = World::with_jwt(Some(settings(&issuer.url, &[])), now).await;
        assert_eq!(world.with_token(&token).await.status, 500);
        issuer.publish_keys(&[signer.jwk()]);
        let world = World::with_jwt(Some(settings(&issuer.url, &[])), now).await;
        assert_eq!(world.with_token(&token).await.status, 200);
        assert_eq!(world.with_token(&tampered).await.status, 401);
    }
    let text = buffer.text();
    assert!(text.contains("the response has status 500") && text.contains("not a JSON Web Key Set"), "{text}");
    for secret in ["sub-secret", "org-secret", "kid-secret", "body-secret"].into_iter().chain(token.split('.')) {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_request_is_one_json_line_with_id_route_status_and_time() {
    let buffer = Buffer::default();
    let subscriber = logging::subscriber(Format::Json, "info", buffer.clone()).unwrap();
    let _guard = subscribe(subscriber);
    let world = World::new().await;
    let id = world.sandbox().await;
    let request = world.request("GET", &format!("/v2/sandcastles/{id}?a=b")).header("x-request-id", "r-1");
    world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    let text = buffer.text();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["span"]["request_id"] == "r-1").collect();
    let [line] = lines.as_slice() else { panic!("not one line: {text}") };
    assert_eq!(line["message"], "answered");
    assert_eq!((&line["span"]["route"], &line["span"]["method"]), (&"/v2/sandcastles/{id}".into(), &"GET".into()));
    assert_eq!(line["status"], 200);
    assert!(line["ms"].is_number(), "{line}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_inner_failure_is_logged_with_its_causes() {
    let buffer = Buffer::default();
    let subscriber = logging::subscriber(Format::Json, "error", buffer.clone()).unwrap();
    let _guard = subscribe(subscriber);
    let world = World::new().await;
    let id = world.sandbox().await;
    let answer = world.execute(&id, "broken kernel").await;
    let line: serde_json::Value = serde_json::from_str(buffer.text().trim()).unwrap();
    assert_eq!(line["error"], "interpreter: run in a kernel: socket torn at /opt/inside");
    assert_eq!(line["span"]["request_id"], answer.header("x-request-id"));
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_counted_is_a_metric_of_the_function_whatever_is_logged() {
    let (log, metrics) = (Buffer::default(), Buffer::default());
    let subscriber = logging::subscriber_on_lambda("off", "execute-1", log.clone(), metrics.clone()).unwrap();
    let _guard = subscribe(subscriber);
    let world = World::new().await;
    let id = world.sandbox().await;
    world.execute(&id, "die").await;
    world.execute(&id, "1").await;
    let events = world.events(EventSettings::default());
    let later = SystemTime::now() + Duration::from_secs(60);
    invoke(&events, "{}", invocation("r", later)).await.unwrap();
    let text = metrics.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = lines.iter().map(|line| &line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"]).collect();
    assert_eq!(names, ["KernelDeaths", "RefusedEvents"], "{text}");
    let mut line = lines[0].clone();
    let timestamp = line["_aws"]["Timestamp"].take();
    assert!(timestamp.is_u64(), "{text}");
    let metric = json!([{ "Name": "KernelDeaths", "Unit": "Count" }]);
    let about = json!([{ "Namespace": "Sandcastle", "Dimensions": [["FunctionName"]], "Metrics": metric }]);
    let aws = json!({ "Timestamp": null, "CloudWatchMetrics": about });
    assert_eq!(line, json!({ "_aws": aws, "FunctionName": "execute-1", "KernelDeaths": 1 }));
    assert_eq!(log.text(), "");
}
