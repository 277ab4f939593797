//! Two environments of ExecuteFunction over one InterpreterFunction: what one remembers of a sandbox costs nobody a variable or
//! an answer. `front_ends.rs` shows the same of servers that have kernels of their own.

use sandcastle_e2e::{api::Api, deployment::Deployment, emulator::Function, gateway::Gateway, server::KEY};
use serde_json::json;
use tempfile::TempDir;

/// Two environments behind gateways, over one interpreter.
struct Pair {
    _folder: TempDir,
    _deployment: Deployment,
    _further: Function,
    one: Api,
    two: Api,
}

impl Pair {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let deployment = Deployment::start(folder.path(), "sandbox").await;
        let further = deployment.further_front_end(&folder.path().join("further"));
        let one = Api::new(&Gateway::start(&deployment.execute.url).await.url, KEY);
        let two = Api::new(&Gateway::start(&further.url).await.url, KEY);
        Self { _folder: folder, _deployment: deployment, _further: further, one, two }
    }
}

async fn stop(api: &Api, sandbox: &str) {
    assert_eq!(api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await.status, 200);
}

async fn start_again(api: &Api, sandbox: &str) {
    let answer = api.call("POST", "/v2/sandcastles", Some(json!({ "sandbox_id": sandbox }))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_files_through_another_front_end_cost_no_variable() {
    let Pair { one, two, .. } = &Pair::start().await;
    let id = &one.start().await;
    assert_eq!(one.output(id, "x = 1\nprint(x)").await, ["1"]);
    assert_eq!(two.upload(id, "up.txt", "from two").await.status, 200);
    assert_eq!(one.output(id, "x += 1\nprint(x, open('up.txt').read())").await, ["2 from two"]);
    let command = json!({ "command": "echo again > up.txt; mkdir -p d; echo 1 > d/e" });
    assert_eq!(two.call("POST", &format!("/v2/sandcastles/{id}/exec"), Some(command)).await.status, 200);
    let both = "x += 1\nprint(x, open('up.txt').read().strip(), open('d/e').read().strip())";
    assert_eq!(one.output(id, both).await, ["3 again 1"]);
    let deleted = two.call("DELETE", &format!("/v2/sandcastles/{id}/files/up.txt"), None).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(one.output(id, "import os\nx += 1\nprint(x, os.path.exists('up.txt'))").await, ["4 False"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_through_both_front_ends_keep_variables_and_run_code_once() {
    let Pair { one, two, .. } = &Pair::start().await;
    let id = &one.start().await;
    assert_eq!(one.output(id, "runs = ['start']\nprint(*runs)").await, ["start"]);
    let mut expected = "start".to_owned();
    for (n, api) in [one, two, two, one, two, one].into_iter().enumerate() {
        expected += &format!(" {n}");
        // Code that ran twice, or on an older state, would print something else.
        let answer = api.execute(id, &format!("runs.append('{n}')\nprint(*runs)")).await;
        assert_eq!((answer.status, answer.output()), (200, vec![expected.clone()]), "{answer:?}");
        assert!(answer.body["state"].is_null(), "{answer:?}");
    }
    assert_eq!(one.executions(id).await.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_was_stopped_through_one_and_started_through_the_other_runs_through_both() {
    let Pair { one, two, .. } = &Pair::start().await;
    let id = &one.start().await;
    assert_eq!(one.output(id, "x = 1\nprint(x)").await, ["1"]);
    stop(one, id).await;
    for api in [one, two] {
        assert_eq!(api.execute(id, "print(x)").await.status, 404);
    }
    start_again(two, id).await;
    assert_eq!(two.output(id, "open('f', 'w').write('f'); print('x' in globals())").await, ["False"]);
    assert_eq!(one.output(id, "print(open('f').read())").await, ["f"]);
    stop(two, id).await;
    for api in [one, two] {
        assert_eq!(api.execute(id, "print(1)").await.status, 404);
    }
}
