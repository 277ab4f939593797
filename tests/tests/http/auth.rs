//! API keys: which tokens are accepted, for how long a key is cached, and failures of the bucket.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::{body::Body, http::Request};
use sandcastle::{Scope, Secret, layout, store::ObjectStore};
use time::{Duration, OffsetDateTime};

use crate::support::{Answer, World};

const PATHS: [(&str, &str); 8] = [
    ("POST", "/v2/sandcastles"),
    ("GET", "/v2/sandcastles"),
    ("GET", "/v2/sandcastles/x"),
    ("DELETE", "/v2/sandcastles/x"),
    ("POST", "/v2/sandcastles/x/execute"),
    ("GET", "/v2/sandcastles/x/executions?limit=none"),
    ("GET", "/v2/sandcastles/x/executions/x"),
    ("GET", "/v2/connectors"),
];

async fn with_authorization(world: &World, values: &[&[u8]]) -> Answer {
    let request = values.iter().fold(Request::builder(), |request, value| request.header("authorization", *value));
    world.send(request.uri("/v2/connectors").body(Body::empty()).unwrap()).await
}

async fn with_token(world: &World, token: &str) -> u16 {
    with_authorization(world, &[format!("Bearer {token}").as_bytes()]).await.status.as_u16()
}

#[tokio::test]
async fn nothing_is_answered_without_a_key_not_even_what_is_wrong_with_the_request() {
    let world = World::new().await;
    for (method, path) in PATHS {
        let request = Request::builder().method(method).uri(path).header("content-type", "text/plain");
        let answer = world.send(request.body(Body::from("{")).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"), "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
    }
}

#[tokio::test]
async fn only_one_well_formed_bearer_token_that_is_known_gets_in() {
    let world = World::new().await;
    let good = world.token.clone();
    let longest = |length: usize| "tql_".to_owned() + &"k".repeat(length - 4);
    for token in [longest(4096), longest(4097), "k".repeat(8192), "k".repeat(8193)] {
        world.add_key(&token, &Scope::ALL, None).await;
    }
    world.add_key("two words", &Scope::ALL, None).await;
    for value in ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"] {
        let value = value.replace("{}", &good);
        assert_eq!(with_authorization(&world, &[value.as_bytes()]).await.status, 200, "{value}");
    }
    assert_eq!(with_token(&world, &longest(4096)).await, 200);
    assert_eq!(with_token(&world, &"k".repeat(8192)).await, 200);
    let wrong = [
        "".to_owned(),
        "Bearer".into(),
        "Bearer ".into(),
        good.clone(),
        format!("Basic {good}"),
        format!("Bearer{good}"),
        format!("Bearer\t{good}"),
        format!("Bearer {good} {good}"),
        format!("Bearer {good},{good}"),
        format!("Bearer {}", good.to_uppercase()),
        format!("Bearer {}", &good[..good.len() - 1]),
        format!("Bearer {}", longest(4097)),
        format!("Bearer {}", "k".repeat(8193)),
        "Bearer two words".into(),
        "Bearer ../keys".into(),
        "Bearer \u{e9}".into(),
    ];
    for value in &wrong {
        let answer = with_authorization(&world, &[value.as_bytes()]).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "unauthenticated"), "{value}");
    }
    let twice = format!("Bearer {good}");
    assert_eq!(with_authorization(&world, &[twice.as_bytes(), twice.as_bytes()]).await.status, 401);
}

#[tokio::test]
async fn a_scope_that_is_missing_is_403() {
    let world = World::new().await;
    let id = world.sandbox().await;
    world.add_key("reader", &[Scope::Read], None).await;
    let reader = World { token: "reader".into(), ..world };
    assert_eq!(reader.call("GET", &format!("/v2/sandcastles/{id}"), "").await.status, 200);
    for answer in [
        reader.execute(&id, "1").await,
        reader.call("POST", "/v2/sandcastles", "").await,
        reader.call("DELETE", &format!("/v2/sandcastles/{id}"), "").await,
    ] {
        assert_eq!((answer.status.as_u16(), answer.code()), (403, "permission_denied"), "{answer:?}");
    }
}

static MEMORY_CLOCK: AtomicI64 = AtomicI64::new(1_000_000);

#[tokio::test]
async fn a_key_is_read_once_in_30_seconds_and_a_revoked_one_stops_to_work() {
    let world = World::at(|| at(&MEMORY_CLOCK)).await;
    let reads = || world.store.key_reads.load(Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(with_token(&world, &world.token).await, 200);
    }
    assert_eq!(reads(), 1);
    let key = layout::api_key(&Secret::new(world.token.clone()).digest());
    world.store.delete(&[key]).await.unwrap();
    MEMORY_CLOCK.fetch_add(29, Ordering::SeqCst);
    assert_eq!(with_token(&world, &world.token).await, 200);
    MEMORY_CLOCK.fetch_add(1, Ordering::SeqCst);
    assert_eq!(with_token(&world, &world.token).await, 401);
    assert_eq!(reads(), 2);
    assert_eq!(with_token(&world, &world.token).await, 401);
    assert_eq!(reads(), 2, "that a key is unknown is remembered, if briefly");
    world.add_key(&world.token, &Scope::ALL, None).await;
    MEMORY_CLOCK.fetch_add(2, Ordering::SeqCst);
    assert_eq!(with_token(&world, &world.token).await, 200, "a key works soon after it was made");
}

static EXPIRY_CLOCK: AtomicI64 = AtomicI64::new(1_000_000);

#[tokio::test]
async fn a_key_expires_to_the_second_even_when_it_is_remembered() {
    let world = World::at(|| at(&EXPIRY_CLOCK)).await;
    world.add_key("brief", &Scope::ALL, Some(at(&EXPIRY_CLOCK) + Duration::seconds(10))).await;
    assert_eq!(with_token(&world, "brief").await, 200);
    EXPIRY_CLOCK.fetch_add(9, Ordering::SeqCst);
    assert_eq!(with_token(&world, "brief").await, 200);
    EXPIRY_CLOCK.fetch_add(1, Ordering::SeqCst);
    assert_eq!(with_token(&world, "brief").await, 401);
}

fn at(clock: &AtomicI64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(clock.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn requests_that_come_at_once_share_one_read() {
    let world = World::new().await;
    let statuses = futures::future::join_all((0..50).map(|_| with_token(&world, &world.token))).await;
    assert_eq!(statuses, [200; 50]);
    assert_eq!(world.store.key_reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_is_500_and_is_asked_again() {
    let world = World::new().await;
    world.store.keys_fail.store(true, Ordering::SeqCst);
    let bearer = format!("Bearer {}", world.token);
    let answer = with_authorization(&world, &[bearer.as_bytes()]).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (500, "internal"));
    assert!(answer.message().contains(answer.header("x-request-id")), "{answer:?}");
    assert!(!answer.message().contains("keys/") && !answer.message().contains("no answer"), "{answer:?}");
    world.store.keys_fail.store(false, Ordering::SeqCst);
    assert_eq!(with_token(&world, &world.token).await, 200);
}

#[tokio::test]
async fn a_corrupt_key_record_is_500_and_nobody_gets_in() {
    let world = World::new().await;
    let key = layout::api_key(&Secret::new("damaged".into()).digest());
    for body in ["", "{}", "null", "{\"org\":\"acme\",\"member\":\"ada\",\"scopes\":[\"root\"]}"] {
        world.store.put(&key, body.into()).await.unwrap();
        assert_eq!(with_token(&world, "damaged").await, 500, "{body}");
    }
}
