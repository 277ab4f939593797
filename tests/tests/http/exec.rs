//! `POST …/exec`: what is refused, what is recorded, and time limits.

use std::{sync::atomic::Ordering, time::Duration};

use axum::body::Body;
use sandcastle::limits::MAX_COMMAND_BYTES;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn a_command_is_answered_and_recorded() {
    let world = World::new().await;
    let id = world.sandbox().await;
    let path = format!("/v2/sandcastles/{id}");
    for (body, kind) in [
        (json!({ "command": "ls" }), "bash"),
        (json!({ "command": "ls", "kind": "bash", "env": {} }), "bash"),
        (json!({ "command": "1", "kind": "python", "env": { "A": "" } }), "python"),
        (json!({ "command": "1", "kind": null, "env": null, "timeout_s": null, "more": 1 }), "bash"),
    ] {
        let answer = world.call("POST", &format!("{path}/exec"), &body.to_string()).await;
        let wanted = json!({ "stdout": "printed by the code", "stderr": "", "exit_code": 0, "error": "" });
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &wanted), "{body}");
        let listed = world.call("GET", &format!("{path}/executions?limit=1"), "").await;
        let listed = &listed.body["executions"][0];
        let found = [&listed["kind"], &listed["source"], &listed["input"], &listed["output_preview"]];
        assert_eq!(found, [kind, "platform_api", body["command"].as_str().unwrap(), "printed by the code"], "{listed}");
    }
    assert_eq!(world.call("DELETE", &path, "").await.status, 200);
    let stopped = world.call("POST", &format!("{path}/exec"), "{\"command\": \"ls\"}").await;
    assert_eq!((stopped.status.as_u16(), stopped.code()), (404, "not_found"));
}

#[tokio::test]
async fn a_wrong_command_is_400_and_names_what_is_wrong() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}/exec", world.sandbox().await);
    let (longest, longer) = ("#".repeat(MAX_COMMAND_BYTES), "#".repeat(MAX_COMMAND_BYTES + 1));
    assert_eq!(world.call("POST", &path, &json!({ "command": longest }).to_string()).await.status, 200);
    let cases = [
        (json!([]), "object"),
        (json!({}), "command is missing"),
        (json!({ "command": 1 }), "command must be a string"),
        (json!({ "command": longer }), "command is longer than 131071 bytes"),
        (json!({ "command": "secret\u{0}" }), "NUL"),
        (json!({ "command": "1", "kind": "perl" }), "kind must be bash or python"),
        (json!({ "command": "1", "kind": true }), "kind must be a string"),
        (json!({ "command": "1", "env": ["A=secret"] }), "env must be an object of strings"),
        (json!({ "command": "1", "env": { "A": 1 } }), "env must be an object of strings"),
        (json!({ "command": "1", "env": { "": "secret" } }), "empty names"),
        (json!({ "command": "1", "env": { "A=B": "secret" } }), "names with ="),
        (json!({ "command": "1", "env": { "A": "secret\u{0}" } }), "NUL"),
        (json!({ "command": "1", "env": { "A": "x".repeat(65 * 1024) } }), "env is longer than 65536 bytes"),
    ];
    for (body, wanted) in cases {
        let answer = world.call("POST", &path, &body.to_string()).await;
        let shown = body.to_string().chars().take(80).collect::<String>();
        assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{shown}");
        assert!(answer.message().contains(wanted), "{shown}: {}", answer.message());
        assert!(!answer.message().contains("secret"), "quotes the body: {}", answer.message());
    }
}

#[tokio::test]
async fn a_limit_is_above_0_and_within_the_deployments() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}", world.sandbox().await);
    for (call, field) in [("execute", "code"), ("exec", "command")] {
        for limit in ["0", "-1", "0.0", "0.0009", "\"1\"", "true", "1e300", "[1]", "50.001", "360"] {
            let body = format!("{{\"{field}\": \"1\", \"timeout_s\": {limit}}}");
            let answer = world.call("POST", &format!("{path}/{call}"), &body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{body}");
            assert!(answer.message().contains("timeout_s must be"), "{body}: {}", answer.message());
        }
        for (limit, wanted) in [("0.001", 0.001), ("0.25", 0.25), ("50", 50.0), ("null", 50.0)] {
            let body = format!("{{\"{field}\": \"1\", \"timeout_s\": {limit}}}");
            assert_eq!(world.call("POST", &format!("{path}/{call}"), &body).await.status, 200, "{body}");
            let limit = world.interpreter.limit.lock().unwrap().unwrap();
            assert_eq!(limit, Duration::from_secs_f64(wanted), "{body}");
        }
    }
}

#[tokio::test]
async fn the_same_idempotency_key_runs_a_command_once_and_nothing_else() {
    let world = World::new().await;
    let path = format!("/v2/sandcastles/{}", world.sandbox().await);
    let send = |call: &str, body: serde_json::Value| {
        let request = world.request("POST", &format!("{path}/{call}")).header("idempotency-key", "k-1");
        world.send(request.body(Body::from(body.to_string())).unwrap())
    };
    let body = json!({ "command": "1", "env": { "A": "B" } });
    let (first, second) = (send("exec", body.clone()).await, send("exec", body).await);
    assert_eq!((first.status.as_u16(), &first.body), (200, &second.body));
    assert_eq!(world.interpreter.runs.load(Ordering::SeqCst), 1);
    let others = [
        ("exec", json!({ "command": "1" })),
        ("exec", json!({ "command": "1", "env": { "A": "C" } })),
        ("exec", json!({ "command": "1", "env": { "A": "B" }, "kind": "python" })),
        ("execute", json!({ "code": "1" })),
    ];
    for (call, other) in others {
        assert_eq!(send(call, other.clone()).await.code(), "conflict", "{other}");
    }
}
