//! Limits on callers: 429 in the envelope with a time to retry, and no effect on other callers.

use axum::{Router, body::Body, http::Request};
use sandcastle::Scope;
use sandcastle_execute::Allowance;
use tower::ServiceExt;

use crate::support::{Answer, World, read};

/// So many requests in a row take far less than the seconds that a bucket would need to keep up with them.
const FLOOD: usize = 200;

async fn send(router: &Router, request: Request<Body>) -> Answer {
    read(router.clone().oneshot(request).await.unwrap()).await
}

fn request(token: &str, method: &str, path: &str, body: &str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    builder.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap()
}

/// The first refusal of a flood of requests, and how many were carried out before it.
async fn flood(router: &Router, token: &str) -> Option<(usize, Answer)> {
    for sent in 0..FLOOD {
        let answer = send(router, request(token, "GET", "/v2/connectors", "")).await;
        match answer.status.as_u16() {
            200 => assert!(!answer.header("ratelimit-remaining").is_empty(), "{answer:?}"),
            _ => return Some((sent, answer)),
        }
    }
    None
}

fn assert_limited(refused: &Answer, who: &str) {
    assert_eq!((refused.status.as_u16(), refused.code()), (429, "rate_limit_exceeded"), "{refused:?}");
    assert!(refused.message().contains(who) && refused.message().contains("again"), "{refused:?}");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1, "{refused:?}");
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_so_and_no_other_is_the_worse_for_it() {
    let world = World::new().await;
    world.add_key("tql_other", &Scope::ALL, None).await;
    let router = world.limited(Allowance { key_rate: 2, ..Allowance::default() });
    let (sent, refused) = flood(&router, &world.token).await.expect("no end of it");
    assert!(sent >= 4, "two seconds' worth at once, not {sent}");
    assert_limited(&refused, "this key");
    assert_eq!((refused.header("ratelimit-limit"), refused.header("ratelimit-remaining")), ("2", "0"));
    assert!(refused.header("ratelimit-reset").parse::<u64>().unwrap() >= 1, "{refused:?}");
    let other = send(&router, request("tql_other", "GET", "/v2/connectors", "")).await;
    assert_eq!((other.status.as_u16(), other.header("ratelimit-remaining")), (200, "3"), "{other:?}");
}

#[tokio::test]
async fn the_keys_of_an_organisation_share_its_limit() {
    let world = World::new().await;
    world.add_key("tql_other", &Scope::ALL, None).await;
    let router = world.limited(Allowance { org_rate: 1, ..Allowance::default() });
    flood(&router, &world.token).await.expect("no end of it");
    let (_, refused) = flood(&router, "tql_other").await.expect("no end of it");
    assert_limited(&refused, "this organisation");
}

#[tokio::test]
async fn who_is_unknown_uses_up_nobodys_limit() {
    let world = World::new().await;
    let router = world.limited(Allowance { key_rate: 1, org_rate: 1, ..Allowance::default() });
    for _ in 0..5 {
        let refused = send(&router, request("tql_unknown", "GET", "/v2/connectors", "")).await;
        assert_eq!((refused.status.as_u16(), refused.header("ratelimit-limit")), (401, ""), "{refused:?}");
    }
    assert_eq!(send(&router, request(&world.token, "GET", "/v2/connectors", "")).await.status, 200);
}

#[tokio::test]
async fn executions_at_once_are_counted_until_they_end_even_when_their_caller_goes_away() {
    for (allowed, who) in [
        (Allowance { key_executions: 1, ..Allowance::default() }, "this key"),
        (Allowance { org_executions: 1, ..Allowance::default() }, "this organisation"),
    ] {
        let world = World::new().await;
        let router = world.limited(allowed);
        let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
        let execute =
            |code: &str| request(&world.token, "POST", &path, &serde_json::json!({ "code": code }).to_string());
        let waiting = tokio::spawn(router.clone().oneshot(execute("wait")));
        world.interpreter.began.notified().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_limited(&send(&router, execute("1")).await, who);
        // Everything but executing goes on.
        assert_eq!(send(&router, request(&world.token, "GET", "/v2/connectors", "")).await.status, 200);
        world.interpreter.go_on.notify_one();
        let answer = loop {
            let answer = send(&router, execute("1")).await;
            if answer.status != 429 {
                break answer;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn without_limits_nothing_is_told_of_them() {
    let world = World::new().await;
    let answer = world.call("GET", "/v2/connectors", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("ratelimit-limit")), (200, ""));
}
