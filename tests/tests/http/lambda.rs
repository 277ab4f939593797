//! Events of API Gateway and of function URLs.

use std::time::{Duration, Instant, SystemTime};

use axum::http::{HeaderMap, StatusCode};
use futures::TryStreamExt;
use lambda_http::{Context, lambda_runtime::FunctionResponse};
use sandcastle_execute::EventSettings;
use serde_json::{Value, json};

use crate::support::{Answer, World, invocation, invoke, whole};

/// Complete events: "Set up Lambda proxy integrations in API Gateway" (input format), "Create AWS Lambda proxy
/// integrations for HTTP APIs" (payload format 2.0), "Invoking Lambda function URLs".
const REST: &str = include_str!("../../fixtures/events/execute-rest.json");
const HTTP_API: &str = include_str!("../../fixtures/events/execute-http-api.json");
const FUNCTION_URL: &str = include_str!("../../fixtures/events/execute-function-url.json");
const DOWNLOAD: &str = include_str!("../../fixtures/events/download-rest.json");
/// The ids that they hold for the caller to replace.
pub(crate) const TOKEN: &str = "tql_replace_me";
pub(crate) const SANDBOX: &str = "00000000-0000-4000-8000-000000000000";

fn soon() -> Context {
    invocation("r", SystemTime::now() + Duration::from_secs(60))
}

async fn handle(world: &World, event: &str, context: Context) -> Answer {
    let response = whole(invoke(&world.events(EventSettings::default()), event, context).await.unwrap());
    // A REST API takes several values of a header, an HTTP API and a function URL one.
    let pairs = response["headers"].as_object().into_iter().chain(response["multiValueHeaders"].as_object()).flatten();
    let first = |value: &Value| value.as_str().or(value[0].as_str()).unwrap().to_owned();
    let headers: HeaderMap =
        pairs.map(|(name, value)| (name.parse().unwrap(), first(value).parse().unwrap())).collect();
    let body = serde_json::from_str(response["body"].as_str().unwrap()).unwrap_or(Value::Null);
    let status = StatusCode::from_u16(response["statusCode"].as_u64().unwrap().try_into().unwrap()).unwrap();
    Answer { status, headers, body }
}

#[tokio::test]
async fn an_unknown_key_in_a_rest_event_is_401() {
    let world = World::new().await;
    let answer = handle(&world, REST, soon()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"));
}

#[tokio::test]
async fn a_rest_event_executes_whatever_the_stage_is_called() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for stage in ["prod", "v2", "$default", "sandcastles"] {
        let event =
            REST.replace(TOKEN, &world.token).replace(SANDBOX, &id).replace("\"prod\"", &format!("\"{stage}\""));
        let answer = handle(&world, &event, soon()).await;
        assert_eq!(answer.status, 200, "stage {stage}: {answer:?}");
        assert_eq!(answer.body["output"], json!(["printed by the code"]));
    }
}

/// It gives all invocations the same deadline, in 1970.
#[tokio::test]
async fn an_invocation_by_cargo_lambda_has_time_left() {
    let world = World::new().await;
    let event = REST.replace(TOKEN, &world.token).replace(SANDBOX, &world.sandbox().await);
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_secs(600);
    let answer = handle(&world, &event, invocation("r", deadline)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_contract_is_found_behind_a_stage() {
    let world = World::new().await;
    let mut event: Value = serde_json::from_str(REST).unwrap();
    event["httpMethod"] = json!("GET");
    event["requestContext"]["httpMethod"] = json!("GET");
    event["path"] = json!("/openapi.json");
    event["requestContext"]["path"] = json!("/prod/openapi.json");
    let answer = handle(&world, &event.to_string(), soon()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["openapi"]), (200, &json!("3.0.1")), "{answer:?}");
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let mut event: Value = serde_json::from_str(&REST.replace(TOKEN, &world.token).replace(SANDBOX, &id)).unwrap();
    event["body"] = json!("eyJjb2RlIjogIjEifQ=="); // {"code": "1"}
    event["isBase64Encoded"] = json!(true);
    let answer = handle(&world, &event.to_string(), soon()).await;
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
        let answer = handle(&world, &event.to_string(), soon()).await;
        assert_eq!(answer.status, 400, "stage {stage}, path {prefix}/v2: {answer:?}");
        assert!(answer.message().contains("limit"), "{answer:?}");
    }
}

#[tokio::test]
async fn the_request_id_is_the_invocations_own() {
    let world = World::new().await;
    let event = REST.replace("\"Accept\": \"application/json\"", "\"X-Request-Id\": \"from-the-caller\"");
    let later = SystemTime::now() + Duration::from_secs(60);
    assert_eq!(handle(&world, &event, invocation("from-lambda", later)).await.header("x-request-id"), "from-lambda");
}

#[tokio::test]
async fn a_call_ends_before_the_invocation_does() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let event = REST.replace(TOKEN, &world.token).replace(SANDBOX, &id);
    let deadline = Instant::now() + Duration::from_secs(20);
    let context = invocation("r", SystemTime::now() + Duration::from_secs(20));
    let answer = handle(&world, &event, context).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let given = world.interpreter.deadline.lock().unwrap().unwrap();
    assert!(given < deadline, "the kernel is given longer than the invocation lasts");

    let context = invocation("r", SystemTime::UNIX_EPOCH);
    let answer = handle(&world, &event, context).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "conflict"), "no time is left to run");
}

#[tokio::test]
async fn http_apis_and_function_urls_execute() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for event in [HTTP_API, FUNCTION_URL] {
        let refused = handle(&world, event, soon()).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "unauthenticated"));
        // A function URL's body is in base64, so the code stays as it is.
        let answer = handle(&world, &event.replace(TOKEN, &world.token).replace(SANDBOX, &id), soon()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body["output"], json!(["printed by the code"]));
    }
}

/// A sandbox with a working file, and the event that downloads it.
async fn with_file(world: &World, bytes: &[u8]) -> String {
    let id = world.sandbox().await;
    let form =
        [b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n", bytes, b"\r\n--x--\r\n"];
    let request = world.request("POST", &format!("/v2/sandcastles/{id}/files"));
    let request = request.header("content-type", "multipart/form-data; boundary=x");
    let mut request = request.body(axum::body::Body::from(form.concat())).unwrap();
    request.headers_mut().remove("content-type");
    request.headers_mut().insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
    assert_eq!(world.send(request).await.status, 200);
    DOWNLOAD.replace(TOKEN, &world.token).replace(SANDBOX, &id).replace("reports/sales.csv", "a.bin")
}

#[tokio::test]
async fn a_download_is_a_stream_where_the_rest_api_takes_one() {
    let world = World::new().await;
    let bytes = b"\0\xff".repeat(3_000_000);
    let event = with_file(&world, &bytes).await;
    let streaming = world.events(EventSettings { stream_downloads: true, ..EventSettings::default() });
    let FunctionResponse::StreamingResponse(answer) = invoke(&streaming, &event, soon()).await.unwrap() else {
        panic!("not a stream")
    };
    assert_eq!(answer.metadata_prelude.status_code, 200);
    assert_eq!(answer.metadata_prelude.headers["content-type"], "application/octet-stream");
    let pieces: Vec<_> = answer.stream.try_collect().await.unwrap();
    assert!(pieces.concat() == bytes, "other bytes");
    let FunctionResponse::StreamingResponse(refused) = invoke(&streaming, DOWNLOAD, soon()).await.unwrap() else {
        panic!("the gateway waits for a stream, whatever the answer is")
    };
    assert_eq!(refused.metadata_prelude.status_code, 401);
    // Only this route has such an integration.
    whole(invoke(&streaming, REST, soon()).await.unwrap());
}

#[tokio::test]
async fn a_download_that_takes_longer_than_the_function_may_is_refused_with_a_way_out() {
    let world = World::new().await;
    let event = with_file(&world, &vec![b'x'; 30 << 20]).await;
    let streaming = world.events(EventSettings { stream_downloads: true, ..EventSettings::default() });
    // Lambda streams 6 MB at once, then 2 MB a second: 12 seconds, and some in reserve.
    for (seconds, status) in [(16, 400), (60, 200)] {
        let until = invocation("r", SystemTime::now() + Duration::from_secs(seconds));
        let FunctionResponse::StreamingResponse(answer) = invoke(&streaming, &event, until).await.unwrap() else {
            panic!("not a stream")
        };
        assert_eq!(answer.metadata_prelude.status_code, status, "with {seconds} s");
    }
}

#[tokio::test]
async fn a_download_that_is_too_long_for_an_answer_is_refused_with_a_way_out() {
    let world = World::new().await;
    let event = with_file(&world, &vec![b'x'; 4_400_001]).await;
    let refused = handle(&world, &event, soon()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{refused:?}");
    assert!(refused.message().contains("4400001") && refused.message().contains("?link=1"), "{refused:?}");
    let mut linked: Value = serde_json::from_str(&event).unwrap();
    linked["queryStringParameters"] = json!({"link": "1"});
    linked["multiValueQueryStringParameters"] = json!({"link": ["1"]});
    let answer = handle(&world, &linked.to_string(), soon()).await;
    assert_eq!((answer.status.as_u16(), &answer.body["size_bytes"]), (200, &json!(4_400_001)), "{answer:?}");
    assert!(answer.body["url"].as_str().is_some_and(|url| url.contains("files/")), "{answer:?}");
    let event = with_file(&world, b"short").await;
    assert_eq!(handle(&world, &event, soon()).await.status, 200);
}

/// The download of this path, as a client writes it, over a REST API and over an HTTP API.
fn for_path(world: &World, method: &str, path: &str) -> [String; 2] {
    let mut rest: Value = serde_json::from_str(&DOWNLOAD.replace(TOKEN, &world.token)).unwrap();
    rest["httpMethod"] = json!(method);
    rest["requestContext"]["httpMethod"] = json!(method);
    rest["path"] = json!(path);
    rest["requestContext"]["path"] = json!(format!("/prod{path}"));
    let mut http: Value = serde_json::from_str(&HTTP_API.replace(TOKEN, &world.token)).unwrap();
    http["requestContext"]["http"]["method"] = json!(method);
    http["rawPath"] = json!(path);
    http["requestContext"]["http"]["path"] = json!(path);
    http.as_object_mut().unwrap().remove("body");
    [rest.to_string(), http.to_string()]
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_working_folder_is_no_other_route() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let out = [
        "../../ID",
        "%2e%2e/%2E%2e/ID",
        "a/../../../ID",
        "x`/../../../ID",
        "..\\..\\ID",
        "..",
        "%2e%2e/executions",
        ".",
    ];
    for path in out {
        let path = format!("/v2/sandcastles/{id}/files/{}", path.replace("ID", &id));
        for event in ["GET", "DELETE"].iter().flat_map(|method| for_path(&world, method, &path)) {
            let answer = handle(&world, &event, soon()).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{path}: {answer:?}");
        }
    }
    assert_eq!(world.execute(&id, "1").await.status, 200, "no such path has stopped the sandbox");
}

#[tokio::test]
async fn a_name_is_found_however_the_gateway_writes_the_path() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let name = "50% \"é\" a+b.csv";
    assert_eq!(world.upload(&id, &name.replace('"', "%22"), "x").await.status, 200);
    for written in ["50%25%20%22%C3%A9%22%20a+b.csv", "50%25 \"é\" a+b.csv", name] {
        for event in for_path(&world, "GET", &format!("/v2/sandcastles/{id}/files/{written}")) {
            let response = whole(invoke(&world.events(EventSettings::default()), &event, soon()).await.unwrap());
            assert_eq!(
                (&response["statusCode"], &response["isBase64Encoded"]),
                (&json!(200), &json!(true)),
                "{response}"
            );
            assert_eq!(response["body"], "eA==", "{written}: {response}");
        }
    }
}
