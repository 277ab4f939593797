//! The calls of the API from start to stop, and a client that disconnects.

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
async fn an_execution_is_found_by_its_id_with_fresh_links() {
    let world = World::new().await;
    let (id, other) = (world.sandbox().await, world.sandbox().await);
    for code in ["1", "file", "3", "4", "5"] {
        assert_eq!(world.execute(&id, code).await.status, 200);
    }
    let path = format!("/v2/sandcastles/{id}/executions");
    let listed = world.call("GET", &path, "").await.body["executions"].as_array().unwrap().clone();
    for one in &listed {
        let execution = one["id"].as_str().unwrap();
        let mut record = world.call("GET", &format!("{path}/{execution}"), "").await;
        assert_eq!(record.status, 200, "{record:?}");
        let files = record.body.as_object_mut().unwrap().remove("files").unwrap();
        assert_eq!(&record.body, one);
        let names: Vec<_> = files.as_array().unwrap().iter().map(|file| (&file["name"], &file["mime_type"])).collect();
        let expected = (json!("out/a.csv"), json!("text/csv"));
        assert_eq!(names, if one["input"] == "file" { vec![(&expected.0, &expected.1)] } else { Vec::new() });
        assert!(files.as_array().unwrap().iter().all(|file| file["url"].is_string() && file["expires_at"].is_string()));
        let elsewhere = world.call("GET", &format!("/v2/sandcastles/{other}/executions/{execution}"), "").await;
        assert_eq!((elsewhere.status.as_u16(), elsewhere.code()), (404, "not_found"), "another sandbox's");
    }
    let unknown = [
        "x",
        "",
        "00000000-0000-4000-8000-000000000000",
        "01920000-0000-7000-8000-000000000000",
        "%ff",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
    ];
    for execution in unknown {
        let missing = world.call("GET", &format!("{path}/{execution}"), "").await;
        assert_eq!((missing.status.as_u16(), missing.code()), (404, "not_found"), "{execution}: {missing:?}");
    }
    // What a stop deletes is not linked; what was recorded stays.
    assert_eq!(world.call("DELETE", &format!("/v2/sandcastles/{id}"), "").await.status, 200);
    let with_file = listed.iter().find(|one| one["input"] == "file").unwrap();
    let record = world.call("GET", &format!("{path}/{}", with_file["id"].as_str().unwrap()), "").await;
    assert_eq!((record.status.as_u16(), &record.body["files"]), (200, &json!([])), "{record:?}");
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
