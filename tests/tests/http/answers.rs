//! Properties of every answer: request ids, 404 for unknown routes, 405 for wrong methods, internal errors.

use axum::{body::Body, http::Request};
use uuid::Uuid;

use crate::support::World;

#[tokio::test]
async fn unknown_routes_are_404_in_the_envelope() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let paths = [
        "/".to_owned(),
        "/v2".into(),
        "/v2/".into(),
        "/v2/sandcastles/".into(),
        "//v2/sandcastles".into(),
        "/v2/Sandcastles".into(),
        "/v1/sandcastles".into(),
        "/v2/chat".into(),
        format!("/v2/sandcastles/{id}/"),
        format!("/v2/sandcastles/{id}/query"),
        format!("/v2/sandcastles/{id}/execute/"),
        format!("/v2/sandcastles/{id}/execute/more"),
    ];
    for path in paths {
        for method in ["GET", "POST", "OPTIONS", "BREW"] {
            let answer = world.call(method, &path, "").await;
            assert_eq!((answer.status.as_u16(), answer.code()), (404, "not_found"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn wrong_methods_are_405_and_say_which_are_right() {
    let world = World::new().await;
    let routes = [
        ("PUT", "/v2/sandcastles", "POST,GET,HEAD"),
        ("POST", "/v2/sandcastles/x", "GET,HEAD,DELETE"),
        ("GET", "/v2/sandcastles/x/execute", "POST"),
        ("OPTIONS", "/v2/sandcastles/x/execute", "POST"),
        ("BREW", "/v2/sandcastles/x/executions", "GET,HEAD"),
        ("POST", "/v2/connectors", "GET,HEAD"),
    ];
    for (method, path, allowed) in routes {
        let answer = world.call(method, path, "").await;
        assert_eq!((answer.status.as_u16(), answer.code()), (405, "invalid_request"), "{method} {path}");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn a_harmless_request_id_is_taken_over_and_others_are_replaced() {
    let world = World::new().await;
    let longest = "a".repeat(64);
    for id in ["abc-1.2_Z", "0", &longest] {
        let request = world.request("GET", "/v2/connectors").header("x-request-id", id);
        assert_eq!(world.send(request.body(Body::empty()).unwrap()).await.header("x-request-id"), id);
    }
    let longer = "a".repeat(65);
    for id in ["", "a b", "{\"level\":\"error\"}", "a%0ab", "\u{e9}", &longer] {
        let request = world.request("GET", "/v2/connectors").header("x-request-id", id.as_bytes());
        let answer = world.send(request.body(Body::empty()).unwrap()).await;
        assert!(Uuid::try_parse(answer.header("x-request-id")).is_ok(), "{id:?}: {answer:?}");
    }
}

#[tokio::test]
async fn failures_of_the_inside_tell_nothing_but_the_request_id() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for code in ["broken kernel", "panic"] {
        let answer = world.execute(&id, code).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (500, "internal"), "{code}");
        let wanted = format!("internal error (request {})", answer.header("x-request-id"));
        assert_eq!(answer.message(), wanted, "{code}");
        assert_eq!(world.execute(&id, "1").await.status, 200, "alive after {code}");
    }
}

#[tokio::test]
async fn a_busy_machine_is_429_with_a_time_to_come_back() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let answer = world.execute(&id, "busy").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (429, "rate_limit_exceeded"));
    assert_eq!(answer.header("retry-after"), "1");
    let answer = world.execute(&id, "no time").await;
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "conflict"));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn head_of_a_list_has_its_headers_and_no_body() {
    let world = World::new().await;
    let request = world.request("HEAD", "/v2/connectors").body(Body::empty()).unwrap();
    let answer = world.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.body.is_null()), (200, true));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
    let pieces = [Ok("{\"code\": "), Err(std::io::Error::other("connection reset"))];
    let body = Body::from_stream(futures::stream::iter(pieces));
    let request: Request<Body> = world.request("POST", &path).body(body).unwrap();
    let answer = world.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"));
}
