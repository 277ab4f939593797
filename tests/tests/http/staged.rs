//! Uploads through a presigned URL, in three steps.

use axum::body::Body;
use sandcastle::{limits::MAX_FILE_BYTES, store::ObjectStore};
use serde_json::{Value, json};

use crate::support::{Answer, World, encode};

async fn post(world: &World, id: &str, body: &Value) -> Answer {
    world.call("POST", &format!("/v2/sandcastles/{id}/files"), &body.to_string()).await
}

/// Announces a file; its upload's id, and the key that its URL leads to.
async fn announce(world: &World, id: &str, name: &str, size: usize) -> (String, String) {
    let answer = post(world, id, &json!({ "filename": name, "size_bytes": size })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let url = answer.body["url"].as_str().unwrap();
    let key = url.strip_prefix("https://example.invalid/").unwrap().strip_suffix(&format!("?length={size}")).unwrap();
    (answer.body["upload_id"].as_str().unwrap().to_owned(), key.to_owned())
}

async fn take(world: &World, id: &str, upload_id: &str) -> Answer {
    post(world, id, &json!({ "upload_id": upload_id })).await
}

#[tokio::test]
async fn a_file_is_announced_uploaded_and_taken_over() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let answer = post(&world, &id, &json!({ "filename": "in/my 100%.csv", "size_bytes": 7 })).await;
    let body = answer.body.as_object().unwrap();
    assert_eq!(body.keys().collect::<Vec<_>>(), ["expires_at", "headers", "method", "upload_id", "url"]);
    assert_eq!((&body["method"], &body["headers"]), (&json!("PUT"), &json!({ "content-length": "7" })));

    let (upload_id, key) = announce(&world, &id, "in/my 100%.csv", 7).await;
    assert!(key.starts_with(&format!("staging/{id}/1/")), "{key}");
    let early = take(&world, &id, &upload_id).await;
    assert_eq!((early.status.as_u16(), early.code()), (404, "not_found"), "{early:?}");
    assert!(early.message().contains("PUT"), "{early:?}");
    assert_eq!(world.names(&id).await, [""; 0]);

    world.store.put(&key, "content".into()).await.unwrap();
    for time in ["first", "second"] {
        let taken = take(&world, &id, &upload_id).await;
        let expected = (200, &json!({ "filename": "my 100%.csv", "size_bytes": 7 }));
        assert_eq!((taken.status.as_u16(), &taken.body), expected, "{time}");
    }
    assert_eq!(world.names(&id).await, ["my 100%.csv"]);
    assert_eq!(world.download(&id, "my%20100%25.csv").await, (200, "content".into()));
    let (upload_id, key) = announce(&world, &id, "empty", 0).await;
    world.store.put(&key, "".into()).await.unwrap();
    assert_eq!(take(&world, &id, &upload_id).await.body, json!({ "filename": "empty", "size_bytes": 0 }));
    assert_eq!(world.download(&id, "empty").await, (200, String::new()));
}

#[tokio::test]
async fn an_upload_is_good_in_one_life_of_one_sandbox() {
    let world = World::new().await;
    let (id, other) = (world.sandbox().await, world.sandbox().await);
    let (upload_id, key) = announce(&world, &id, "a.csv", 1).await;
    world.store.put(&key, "a".into()).await.unwrap();
    let refused = take(&world, &other, &upload_id).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (404, "not_found"), "{refused:?}");
    assert_eq!(world.names(&other).await, [""; 0]);

    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{id}"), "").await.status, 200);
    assert_eq!(world.store.get(&key).await.unwrap(), None, "a stop deletes what was uploaded");
    assert_eq!(take(&world, &id, &upload_id).await.status, 404);
    assert_eq!(post(&world, &id, &json!({ "filename": "a", "size_bytes": 1 })).await.status, 404);
    assert_eq!(world.call("POST", "/v2/sandcastles", &json!({ "sandbox_id": id }).to_string()).await.status, 201);
    // The URL still takes the file, for as long as it works.
    world.store.put(&key, "a".into()).await.unwrap();
    assert_eq!(take(&world, &id, &upload_id).await.status, 404);
    assert_eq!(world.names(&id).await, [""; 0]);
}

#[tokio::test]
async fn what_was_replaced_while_it_was_read_is_not_taken_for_what_was_read() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let (upload_id, key) = announce(&world, &id, "a.csv", 3).await;
    world.store.put(&key, "one".into()).await.unwrap();
    *world.store.replaced_by.lock().unwrap() = Some("two".into());
    let refused = take(&world, &id, &upload_id).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "conflict"), "{refused:?}");
    assert_eq!(world.names(&id).await, [""; 0]);
    assert_eq!(take(&world, &id, &upload_id).await.status, 200);
    assert_eq!(world.download(&id, "a.csv").await, (200, "two".into()));
}

#[tokio::test]
async fn a_file_of_another_length_than_announced_is_refused() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let (upload_id, key) = announce(&world, &id, "a.csv", 3).await;
    for other in ["", "ab", "abcd"] {
        world.store.put(&key, other.into()).await.unwrap();
        let refused = take(&world, &id, &upload_id).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{other:?}");
    }
    assert_eq!(world.names(&id).await, [""; 0]);
}

#[tokio::test]
async fn an_upload_id_that_was_never_handed_out_opens_nothing() {
    let world = World::new().await;
    let (id, other) = (world.sandbox().await, world.sandbox().await);
    let (upload_id, key) = announce(&world, &other, "a.csv", 1).await;
    world.store.put(&key, "a".into()).await.unwrap();
    let made = |path: &str| encode([&[0; 24][..], path.as_bytes()].concat());
    let malformed = [
        String::new(),
        "x".into(),
        "../../keys".into(),
        key.clone(),
        format!("{upload_id}="),
        format!("{upload_id}%"),
        encode([0; 23]),
        encode([0xff; 40]),
        encode([&[0; 24][..], b"\xff\xfe"].concat()),
        made(""),
        made("../a"),
        made("/etc/passwd"),
        made(".hidden"),
        made("a/../../b"),
        made("a\0"),
        made(&"a/".repeat(600)),
        "A".repeat(1 << 20),
    ];
    for upload_id in malformed {
        let refused = take(&world, &id, &upload_id).await;
        let shown = &upload_id[..upload_id.len().min(80)];
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{shown}: {refused:?}");
    }
    assert_eq!(take(&world, &id, &made("a.csv")).await.status, 404);
    assert_eq!(world.names(&id).await, [""; 0]);
}

#[tokio::test]
async fn json_that_is_neither_form_is_400_and_tells_both() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let neither = [
        json!({}),
        json!({ "upload_id": null }),
        json!({ "filename": "a", "size_bytes": 1, "upload_id": "x" }),
        json!({ "filename": "a", "upload_id": "x" }),
        json!({ "name": "a", "size": 1 }),
    ];
    for body in neither {
        let answer = post(&world, &id, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{body}");
        for form in ["`file`", "filename", "size_bytes", "upload_id"] {
            assert!(answer.message().contains(form), "{body}: {answer:?}");
        }
    }
    let wrong = [
        (json!({ "filename": "a" }), "size_bytes"),
        (json!({ "size_bytes": 1 }), "filename"),
        (json!({ "filename": 1, "size_bytes": 1 }), "filename"),
        (json!({ "filename": "a", "size_bytes": "1" }), "size_bytes"),
        (json!({ "filename": "a", "size_bytes": -1 }), "size_bytes"),
        (json!({ "filename": "a", "size_bytes": 1.5 }), "size_bytes"),
        (json!({ "filename": "a", "size_bytes": MAX_FILE_BYTES + 1 }), "size_bytes"),
        (json!({ "filename": "a", "size_bytes": u64::MAX }), "size_bytes"),
        (json!({ "filename": "", "size_bytes": 1 }), "name"),
        (json!({ "filename": "..", "size_bytes": 1 }), "path"),
        (json!({ "filename": ".a", "size_bytes": 1 }), "path"),
        (json!({ "filename": "a\u{0}", "size_bytes": 1 }), "path"),
        (json!({ "upload_id": 1 }), "upload_id"),
        (json!([]), "object"),
    ];
    for (body, told) in wrong {
        let answer = post(&world, &id, &body).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{body}");
        assert!(answer.message().contains(told), "{body}: {answer:?}");
    }
    let empty = world.request("POST", &format!("/v2/sandcastles/{id}/files")).body(Body::empty()).unwrap();
    assert_eq!(world.send(empty).await.status, 400);
    assert_eq!(post(&world, &id, &json!({ "filename": "a", "size_bytes": MAX_FILE_BYTES })).await.status, 200);
}
