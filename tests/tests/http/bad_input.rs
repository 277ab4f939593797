//! Invalid requests, and the answer to each.

use axum::{body::Body, http::Request};
use sandcastle::limits::{MAX_BODY_BYTES, MAX_CODE_BYTES};

use crate::support::World;

#[tokio::test]
async fn a_wrong_body_of_execute_is_400_and_names_what_is_wrong() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
    let deep = format!("{{\"code\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let cases: &[(&[u8], &str)] = &[
        (b"", "object"),
        (b"   ", "object"),
        (b"null", "object"),
        (b"[]", "object"),
        (b"[\"print(1)\"]", "object"),
        (b"\"print(1)\"", "object"),
        (b"{code: 1", "line 1, column 2"),
        (b"{\"code\": \"1\"", "line 1"),
        (b"{\"code\": \"1\"} trailing", "line 1, column 15"),
        (b"{\n\"code\": \"secret\" \"words\"}", "line 2"),
        (b"{}", "code is missing"),
        (b"{\"Code\": \"1\"}", "code is missing"),
        (b"{\"code\": null}", "code"),
        (b"{\"code\": 1}", "code must be a string"),
        (b"{\"code\": [\"secret words\"]}", "code must be a string"),
        (b"{\"code\": \"1\", \"code\": \"2\"}", "duplicate field"),
        (b"{\"code\": \"\\ud800\"}", "surrogate"),
        (b"{\"code\": \"\xff\"}", "UTF-8 at byte 10"),
        (b"\xef\xbb\xbf{\"code\": \"1\"}", "object"),
        (b"{\"code\": \"1\", \"display_last\": \"yes\"}", "display_last"),
        (deep.as_bytes(), "code must be a string"),
    ];
    for (body, wanted) in cases {
        let answer = world.send(world.request("POST", &path).body(Body::from(body.to_vec())).unwrap()).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{shown}");
        assert!(answer.message().contains(wanted), "{shown}: {}", answer.message());
        assert!(!answer.message().contains("secret"), "quotes the body: {}", answer.message());
    }
}

#[tokio::test]
async fn code_and_body_have_a_longest_length() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let longest = world.execute(&id, &"#".repeat(MAX_CODE_BYTES)).await;
    assert_eq!(longest.status, 200, "{longest:?}");
    for length in [MAX_CODE_BYTES + 1, MAX_BODY_BYTES + 1, 2 * MAX_BODY_BYTES] {
        let longer = world.execute(&id, &"#".repeat(length)).await;
        assert_eq!((longer.status.as_u16(), longer.code()), (400, "invalid_request"), "{length}");
    }
    let escaped = format!("{{\"code\": \"{}\"}}", "\\u0023".repeat(MAX_CODE_BYTES));
    let escaped = world.call("POST", &format!("/v2/sandcastles/{id}/execute"), &escaped).await;
    assert_eq!(escaped.status, 200, "{escaped:?}");
}

#[tokio::test]
async fn content_types_of_json_are_taken_and_others_are_400() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
    let types = [
        (None, 200),
        (Some("application/json"), 200),
        (Some("Application/JSON; charset=utf-8"), 200),
        (Some("application/vnd.api+json"), 200),
        (Some("text/plain"), 400),
        (Some("application/x-www-form-urlencoded"), 400),
        (Some("application/+json"), 400),
        (Some("application/jsonp"), 400),
        (Some(""), 400),
        (Some("application/json\u{e9}"), 400),
    ];
    for (content_type, status) in types {
        let request = Request::builder().method("POST").uri(&path);
        let mut request = request.header("authorization", format!("Bearer {}", world.token));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type.as_bytes());
        }
        let answer = world.send(request.body(Body::from("{\"code\": \"1\"}")).unwrap()).await;
        assert_eq!(answer.status, status, "{content_type:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_wrong_body_of_start_is_400() {
    let world = World::new().await;
    for body in ["null", "[]", "{\"sandbox_id\": 1}", "{", "{\"sandbox_id\": \"a\", \"sandbox_id\": \"b\"}"] {
        let answer = world.call("POST", "/v2/sandcastles", body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{body}");
    }
    for body in ["{\"sandbox_id\": \"\"}", "{\"sandbox_id\": \"../../keys\"}"] {
        let answer = world.call("POST", "/v2/sandcastles", body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{body}");
    }
    for body in ["", "{}", "{\"unknown\": [1, {}]}", "{\"sandbox_id\": null}"] {
        assert_eq!(world.call("POST", "/v2/sandcastles", body).await.status, 201, "{body}");
    }
}

#[tokio::test]
async fn wrong_queries_are_400() {
    let world = World::new().await;
    let executions = format!("/v2/sandcastles/{}/executions", world.sandbox().await);
    let both = ["limit=0", "limit=201", "limit=-1", "limit=a", "limit=", "limit=1.5", "limit=1&limit=2", "cursor=%ff"];
    let of_sandboxes = ["status=gone", "status=", "status=Running", "cursor=zzz", "status=all&status=all", "cursor="];
    let of_executions = ["cursor=zzz", "cursor=", "cursor=fffffffffffffffff"];
    let paths = both.iter().flat_map(|query| [format!("/v2/sandcastles?{query}"), format!("{executions}?{query}")]);
    let paths = paths.chain(of_sandboxes.iter().map(|query| format!("/v2/sandcastles?{query}")));
    for path in paths.chain(of_executions.iter().map(|query| format!("{executions}?{query}"))) {
        let answer = world.call("GET", &path, "").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{path}");
    }
    for path in ["/v2/sandcastles?limit=200&status=all&other=1".to_owned(), format!("{executions}?limit=1&other=1")] {
        assert_eq!(world.call("GET", &path, "").await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_not_found() {
    let world = World::new().await;
    let upper = world.sandbox().await.to_uppercase();
    let ids =
        ["0", "..", "%2e%2e%2fkeys", "%00", "%ff", "%F0%9F%8F%96", "00000000-0000-0000-0000-000000000000", &upper];
    for id in ids {
        for (method, rest, body) in
            [("GET", "", ""), ("DELETE", "", ""), ("POST", "/execute", "{\"code\": \"1\"}"), ("GET", "/executions", "")]
        {
            let answer = world.call(method, &format!("/v2/sandcastles/{id}{rest}"), body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{method} {id}{rest}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_that_is_none_is_400() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
    let (longest, longer) = ("k".repeat(256), "k".repeat(257));
    for (key, status) in [("k", 200), (&longest, 200), ("", 400), (&longer, 400), ("a b", 400), ("\u{e9}", 400)] {
        let request = world.request("POST", &path).header("idempotency-key", key.as_bytes());
        let answer = world.send(request.body(Body::from("{\"code\": \"1\"}")).unwrap()).await;
        assert_eq!(answer.status, status, "{key:?}");
    }
    let request = world.request("POST", &path).header("idempotency-key", "a").header("idempotency-key", "b");
    assert_eq!(world.send(request.body(Body::from("{\"code\": \"1\"}")).unwrap()).await.status, 400);
}
