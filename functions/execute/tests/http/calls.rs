//! The calls, from start to stop, and a caller who does not wait.

use std::{sync::atomic::Ordering, time::Duration};

use axum::body::Body;
use serde_json::json;
use tower::ServiceExt;

use crate::support::World;

#[tokio::test]
async fn from_start_to_stop() {
    let world = World::new().await;
    let started = world.call("POST", "/v2/sandcastles", "{}").await;
    assert_eq!(started.status, 201);
    assert!(started.body["created_at"].as_str().unwrap().starts_with("20"), "{started:?}");
    let id = started.body["sandbox_id"].as_str().unwrap();
    let path = format!("/v2/sandcastles/{id}");

    let executed = world.execute(id, "print(1)").await;
    assert_eq!(executed.status, 200);
    assert_eq!(executed.body["output"], json!(["printed by the code"]));
    assert!(executed.body.get("error").is_none(), "{executed:?}");

    let status = world.call("GET", &path, "").await;
    assert_eq!((status.status.as_u16(), &status.body["status"]), (200, &json!("running")));
    let list = world.call("GET", "/v2/sandcastles?status=all&limit=1", "").await;
    assert_eq!(list.body["sandboxes"][0]["sandbox_id"], json!(id));
    assert!(list.body.get("next_cursor").is_none(), "{list:?}");

    let again = world.call("POST", "/v2/sandcastles", &json!({ "sandbox_id": id }).to_string()).await;
    assert_eq!((again.status.as_u16(), &again.body["sandbox_id"]), (201, &json!(id)));

    let stopped = world.call("DELETE", &path, "").await;
    assert_eq!((stopped.status.as_u16(), &stopped.body), (200, &json!({ "success": true })));
    assert_eq!(world.execute(id, "print(1)").await.status, 404);
    let executions = world.call("GET", &format!("{path}/executions"), "").await;
    assert_eq!(executions.body["executions"][0]["input"], json!("print(1)"));
}

#[tokio::test]
async fn executions_come_by_pages() {
    let world = World::new().await;
    let id = world.sandbox().await;
    for code in ["1", "2", "3"] {
        assert_eq!(world.execute(&id, code).await.status, 200);
    }
    let path = format!("/v2/sandcastles/{id}/executions?limit=2");
    let first = world.call("GET", &path, "").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = world.call("GET", &format!("{path}&cursor={cursor}"), "").await;
    let inputs = |page: &serde_json::Value| {
        page["executions"].as_array().unwrap().iter().map(|one| one["input"].clone()).collect::<Vec<_>>()
    };
    assert_eq!([inputs(&first.body), inputs(&second.body)].concat(), ["3", "2", "1"]);
    assert!(second.body.get("next_cursor").is_none(), "{second:?}");
}

#[tokio::test]
async fn connectors_are_an_empty_list() {
    let world = World::new().await;
    let answer = world.call("GET", "/v2/connectors", "").await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, json!([])));
}

#[tokio::test]
async fn the_same_idempotency_key_runs_once() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/execute", world.sandbox().await);
    let send = |code: &str| {
        let request = world.request("POST", &path).header("idempotency-key", "k-1");
        world.send(request.body(Body::from(json!({ "code": code }).to_string())).unwrap())
    };
    let (first, second) = (send("1").await, send("1").await);
    assert_eq!((first.status.as_u16(), &first.body), (200, &second.body));
    assert_eq!(world.interpreter.runs.load(Ordering::SeqCst), 1);
    assert_eq!(send("2").await.code(), "conflict");
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_stop_the_call() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let request = world.request("POST", &format!("/v2/sandcastles/{id}/execute"));
    let answer = world.router.clone().oneshot(request.body(Body::from("{\"code\": \"wait\"}")).unwrap());
    tokio::select! {
        _ = answer => panic!("answered before the code ended"),
        () = world.interpreter.began.notified() => {}
    }
    world.interpreter.go_on.notify_one();
    let path = format!("/v2/sandcastles/{id}/executions");
    let recorded = async {
        while world.call("GET", &path, "").await.body["executions"].as_array().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.unwrap();
}
