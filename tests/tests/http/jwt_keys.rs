//! The issuer's keys at a URL: when they are fetched, and failed fetches.

use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::join_all;
use sandcastle::Scope;
use serde_json::json;
use time::OffsetDateTime;

use crate::{
    jwt::{NOW, good, now, settings},
    support::{Answer, Issuer, Published, Signer, World, encode},
};

fn at(clock: &AtomicI64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(clock.load(Ordering::SeqCst)).unwrap()
}

fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

#[tokio::test]
async fn keys_are_fetched_once_by_all_who_wait_for_them() {
    let signer = Signer::rs256("k");
    let issuer = Issuer::start(&[signer.jwk()]).await;
    let world = World::with_jwt(Some(settings(&issuer.url, &[])), now).await;
    world.add_key("tql_a.b.c", &Scope::ALL, None).await;
    for (token, expected) in [(world.token.as_str(), 200), ("tql_a.b.c", 200), ("no.token", 401), ("a.b.c", 401)] {
        assert_eq!(status(&world.with_token(token).await), expected, "{token}");
    }
    assert_eq!(issuer.fetches(), 0, "for nothing but a token of this issuer's form");
    let token = signer.sign(&good());
    let answers = join_all((0..50).map(|_| world.with_token(&token))).await;
    assert!(answers.iter().all(|answer| status(answer) == 200), "{answers:?}");
    assert_eq!(issuer.fetches(), 1);
}

static ROTATION: AtomicI64 = AtomicI64::new(NOW);

#[tokio::test]
async fn a_new_key_is_found_by_one_fetch_and_made_up_ones_cause_no_more() {
    let (old, new) = (Signer::es256("old"), Signer::eddsa("new"));
    let issuer = Issuer::start(&[old.jwk()]).await;
    let world = World::with_jwt(Some(settings(&issuer.url, &[])), || at(&ROTATION)).await;
    assert_eq!(status(&world.with_token(&old.sign(&good())).await), 200);
    issuer.publish_keys(&[old.jwk(), new.jwk()]);
    ROTATION.fetch_add(29, Ordering::SeqCst);
    assert_eq!(status(&world.with_token(&new.sign(&good())).await), 401, "too soon to ask again");
    assert_eq!(issuer.fetches(), 1);
    ROTATION.fetch_add(1, Ordering::SeqCst);
    assert_eq!(status(&world.with_token(&new.sign(&good())).await), 200);
    assert_eq!(issuer.fetches(), 2);

    let stranger = Signer::eddsa("stranger");
    ROTATION.fetch_add(29, Ordering::SeqCst);
    let flood = join_all((0..50).map(|_| world.with_token(stranger.sign(&good()).leak()))).await;
    assert!(flood.iter().all(|answer| status(answer) == 401) && issuer.fetches() == 2, "{}", issuer.fetches());
    ROTATION.fetch_add(1, Ordering::SeqCst);
    let flood = join_all((0..50).map(|_| world.with_token(stranger.sign(&good()).leak()))).await;
    assert!(flood.iter().all(|answer| status(answer) == 401) && issuer.fetches() == 3, "{}", issuer.fetches());
    assert_eq!(status(&world.with_token(&new.sign(&good())).await), 200);
}

static AGE: AtomicI64 = AtomicI64::new(NOW);

#[tokio::test]
async fn keys_are_believed_for_ten_minutes_and_longer_only_while_the_issuer_is_down() {
    let signer = Signer::es256("k");
    let issuer = Issuer::start(&[signer.jwk()]).await;
    let world = World::with_jwt(Some(settings(&issuer.url, &[])), || at(&AGE)).await;
    let mut claims = good();
    claims["exp"] = (NOW + 10_000).into();
    let token = signer.sign(&claims);
    let call = async || status(&world.with_token(&token).await);
    assert_eq!(call().await, 200);
    AGE.fetch_add(599, Ordering::SeqCst);
    assert_eq!((call().await, issuer.fetches()), (200, 1));
    issuer.publish(Published::Text(503, "down".into()));
    AGE.fetch_add(1, Ordering::SeqCst);
    assert_eq!((call().await, issuer.fetches()), (200, 2), "old keys are kept");
    AGE.fetch_add(29, Ordering::SeqCst);
    assert_eq!((call().await, issuer.fetches()), (200, 2), "and the issuer is left in peace");
    issuer.publish_keys(&[]);
    AGE.fetch_add(1, Ordering::SeqCst);
    assert_eq!((call().await, issuer.fetches()), (401, 3), "a key that was taken back");
}

static DOWN: AtomicI64 = AtomicI64::new(NOW);

#[tokio::test]
async fn without_any_keys_nobody_gets_in_and_trying_again_helps() {
    let signer = Signer::rs256("k");
    let issuer = Issuer::start(&[signer.jwk()]).await;
    let world = World::with_jwt(Some(settings(&issuer.url, &[])), || at(&DOWN)).await;
    let (good_set, token) = (json!({"keys": [signer.jwk()]}).to_string(), signer.sign(&good()));
    let wrong = [
        Published::Text(500, good_set.clone()),
        Published::Text(203, good_set.clone()),
        Published::Text(200, "<html>".into()),
        Published::Text(200, "{}".into()),
        Published::Text(200, String::new()),
        Published::Text(200, good_set.clone() + &" ".repeat(256 * 1024)),
        Published::Redirect,
        Published::Silence,
    ];
    for (index, published) in wrong.into_iter().enumerate() {
        issuer.publish(published);
        for _ in 0..2 {
            let answer = world.with_token(&token).await;
            assert_eq!((status(&answer), answer.code()), (500, "internal"), "{index}");
            assert!(answer.message().contains(answer.header("x-request-id")), "{answer:?}");
            assert_eq!(issuer.fetches(), index + 1, "asked again at once");
        }
        assert_eq!(status(&world.with_token(&world.token).await), 200, "an API key needs no issuer");
        DOWN.fetch_add(2, Ordering::SeqCst);
    }
    issuer.publish(Published::Text(200, good_set));
    assert_eq!(status(&world.with_token(&token).await), 200);
    // Nobody listens there; and what is asked for by TLS is never taken without.
    for url in ["http://127.0.0.1:1/".into(), issuer.url.replace("http:", "https:")] {
        let world = World::with_jwt(Some(settings(&url, &[])), now).await;
        assert_eq!(status(&world.with_token(&token).await), 500, "{url}");
    }
}

#[tokio::test]
async fn of_a_key_set_only_keys_that_check_signatures_count() {
    let (good_one, others) = (Signer::es256("good"), [Signer::es256("1"), Signer::eddsa("2"), Signer::rs256("3")]);
    let changed = |signer: &Signer, name: &str, value: serde_json::Value| {
        let mut jwk = signer.jwk();
        jwk[name] = value;
        jwk
    };
    let unusable = [
        changed(&others[0], "use", "enc".into()),
        changed(&others[0], "key_ops", json!(["sign"])),
        changed(&others[0], "alg", "ES384".into()),
        changed(&others[0], "crv", "P-384".into()),
        changed(&others[0], "x", "!".into()),
        changed(&others[1], "alg", "ES256".into()),
        changed(&others[1], "crv", "Ed448".into()),
        changed(&others[1], "kid", json!(7)),
        changed(&others[2], "alg", "RS512".into()),
        changed(&others[2], "n", encode([0xff; 128]).into()),
        changed(&others[2], "kty", "unheard".into()),
        json!({"kty": "oct", "k": encode("secret"), "kid": "4"}),
        json!(null),
        json!("key"),
    ];
    for jwk in unusable {
        let issuer = Issuer::start(&[jwk.clone(), good_one.jwk()]).await;
        let world = World::with_jwt(Some(settings(&issuer.url, &[])), now).await;
        assert_eq!(status(&world.with_token(&good_one.sign(&good())).await), 200, "{jwk}");
        for signer in &others {
            assert_eq!(status(&world.with_token(&signer.sign(&good())).await), 401, "{jwk}");
        }
    }
}

#[tokio::test]
async fn a_key_without_a_kid_is_for_tokens_without_one() {
    let signer = Signer::es256("k");
    let mut jwk = signer.jwk();
    jwk.as_object_mut().unwrap().remove("kid");
    let issuer = Issuer::start(&[jwk]).await;
    let world = World::with_jwt(Some(settings(&issuer.url, &[])), now).await;
    let nameless = signer.sign_as("{\"alg\":\"ES256\"}", &good().to_string());
    assert_eq!(status(&world.with_token(&nameless).await), 200);
    assert_eq!(status(&world.with_token(&signer.sign(&good())).await), 401);
}
