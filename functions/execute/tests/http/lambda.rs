//! Events of API Gateway through the Lambda handler.

use std::time::{Duration, Instant, SystemTime};

use lambda_http::{Context, Request, RequestExt, Service, request::from_str};
use sandcastle_execute::lambda::handler;
use serde_json::{Value, json};

use crate::support::{Answer, World, read};

/// A REST API's event, as in AWS's "Set up Lambda proxy integrations in API Gateway" (input format).
const REST: &str = include_str!("../../../../tests/fixtures/events/execute-rest.json");
/// The ids that it holds for the caller to replace.
const TOKEN: &str = "tql_replace_me";
const SANDBOX: &str = "00000000-0000-4000-8000-000000000000";

async fn handle(world: &World, request: Request) -> Answer {
    read(handler(world.router.clone()).call(request).await.unwrap()).await
}

/// What Lambda says of an invocation.
fn invocation(request_id: &str, deadline: SystemTime) -> Context {
    let mut context = Context::default();
    context.request_id = request_id.into();
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    context.deadline = deadline.as_millis().try_into().unwrap();
    context
}

#[tokio::test]
async fn an_unknown_key_in_a_rest_event_is_401() {
    let world = World::new().await;
    let answer = handle(&world, from_str(REST).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"));
}

#[tokio::test]
async fn a_rest_event_executes_whatever_the_stage_is_called() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for stage in ["prod", "v2", "$default", "sandcastles"] {
        let event =
            REST.replace(TOKEN, &world.token).replace(SANDBOX, &id).replace("\"prod\"", &format!("\"{stage}\""));
        let answer = handle(&world, from_str(&event).unwrap()).await;
        assert_eq!(answer.status, 200, "stage {stage}: {answer:?}");
        assert_eq!(answer.body["output"], json!(["printed by the code"]));
    }
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let mut event: Value = serde_json::from_str(&REST.replace(TOKEN, &world.token).replace(SANDBOX, &id)).unwrap();
    event["body"] = json!("eyJjb2RlIjogIjEifQ=="); // {"code": "1"}
    event["isBase64Encoded"] = json!(true);
    let answer = handle(&world, from_str(&event.to_string()).unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn an_http_api_event_reaches_its_route_with_its_query() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for (stage, prefix) in [("$default", ""), ("prod", "/prod"), ("v2", "/v2"), ("prod", "")] {
        let event = json!({
            "version": "2.0",
            "routeKey": "ANY /{proxy+}",
            "rawPath": format!("{prefix}/v2/sandcastles/{id}/executions"),
            "rawQueryString": "limit=0",
            "headers": {"authorization": format!("Bearer {}", world.token), "host": "x.execute-api.eu-central-1.amazonaws.com"},
            "requestContext": {
                "accountId": "123456789012", "apiId": "x", "stage": stage, "requestId": "r", "time": "now", "timeEpoch": 0,
                "domainName": "x.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "x", "routeKey": "ANY /{proxy+}",
                "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "curl"},
            },
            "isBase64Encoded": false,
        });
        let answer = handle(&world, from_str(&event.to_string()).unwrap()).await;
        assert_eq!(answer.status, 400, "stage {stage}, path {prefix}/v2: {answer:?}");
        assert!(answer.message().contains("limit"), "{answer:?}");
    }
}

#[tokio::test]
async fn the_request_id_is_the_invocations_own() {
    let world = World::new().await;
    let event = REST.replace("\"Accept\": \"application/json\"", "\"X-Request-Id\": \"from-the-caller\"");
    let later = SystemTime::now() + Duration::from_secs(60);
    let request = from_str(&event).unwrap().with_lambda_context(invocation("from-lambda", later));
    assert_eq!(handle(&world, request).await.header("x-request-id"), "from-lambda");
}

#[tokio::test]
async fn a_call_ends_before_the_invocation_does() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let event = REST.replace(TOKEN, &world.token).replace(SANDBOX, &id);
    let deadline = Instant::now() + Duration::from_secs(20);
    let context = invocation("r", SystemTime::now() + Duration::from_secs(20));
    let answer = handle(&world, from_str(&event).unwrap().with_lambda_context(context)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let given = world.interpreter.deadline.lock().unwrap().unwrap();
    assert!(given < deadline, "the kernel is given longer than the invocation lasts");

    let context = invocation("r", SystemTime::UNIX_EPOCH);
    let answer = handle(&world, from_str(&event).unwrap().with_lambda_context(context)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "conflict"), "no time is left to run");
}
