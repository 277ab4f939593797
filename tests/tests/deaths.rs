//! Kernels and servers that are killed: the caller gets an error, and nothing that was answered is lost.

use std::{fs, path::Path, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use sandcastle_e2e::server::{Server, kernels};
use serde_json::json;

fn kill(pid: i32) {
    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
}

/// Waits until a file of this name exists somewhere below the folder.
async fn appears(folder: &Path, name: &str) {
    while !find(folder, name) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn find(folder: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        entry.file_name() == name || (entry.file_type().is_ok_and(|kind| kind.is_dir()) && find(&entry.path(), name))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_kernel_is_reported_and_the_next_call_works() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let (api, pid) = (server.api(), server.pid());
    let sandbox = api.start().await;
    api.output(&sandbox, "kept = 1\nopen('kept.txt', 'w').write('x')").await;

    // While code runs: it makes a file when it begins.
    let running = tokio::spawn({
        let (api, sandbox) = (api.clone(), sandbox.clone());
        async move { api.execute(&sandbox, "print('begun')\nopen('begun', 'w')\nimport time\ntime.sleep(30)").await }
    });
    appears(&folder.path().join("data"), "begun").await;
    let running_kernels = kernels(pid);
    assert!(!running_kernels.is_empty(), "there is no kernel to kill");
    running_kernels.into_iter().for_each(kill);
    let answer = running.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let error = answer.body["error"].as_str().unwrap();
    assert!(error.starts_with("executing Python code: "), "{error}");
    assert!(error.contains("SIGKILL") || error.contains("MemoryError") || error.contains("killed"), "{error}");
    assert_eq!(answer.body["partial_output"], json!(["begun"]));
    assert_eq!(answer.body["state"]["kept"], json!(false));
    assert!(answer.body["state"]["reason"].as_str().unwrap().ends_with("as they were before this call"), "{answer:?}");
    assert_eq!(api.output(&sandbox, "import os\nprint(os.path.exists('kept.txt'), kept)").await, ["True 1"]);

    // Between calls.
    kernels(pid).into_iter().for_each(kill);
    assert_eq!(api.output(&sandbox, "print(kept + 1)").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn kernels_killed_at_random_never_break_a_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let (api, pid) = (server.api(), server.pid());
    let sandbox = api.start().await;
    let killer = tokio::spawn(async move {
        for n in 0..40_u64 {
            tokio::time::sleep(Duration::from_millis(5 + n * 7 % 23)).await;
            kernels(pid).into_iter().for_each(kill);
        }
    });
    let (mut tried, mut answered) = (0, 0);
    while !killer.is_finished() {
        tried += 1;
        let answer = api.execute(&sandbox, &format!("open('n.txt', 'w').write('x')\nprint('{tried}')")).await;
        if answer.status == 500 {
            // Every kernel started for this call was killed before the code could begin.
            assert_eq!(answer.body["error"]["code"], "internal", "{answer:?}");
            continue;
        }
        assert_eq!(answer.status, 200, "{answer:?}\n{}", server.log());
        let died = answer.body["error"].as_str().is_some_and(|error| error.starts_with("executing Python code: "));
        assert!(died || answer.output() == [tried.to_string()], "{answer:?}");
        answered += 1;
    }
    assert!(answered > 0, "no call was answered: {}", server.log());
    killer.await.unwrap();
    assert_eq!(api.output(&sandbox, "print('alive')").await, ["alive"]);
    assert_eq!(api.executions(&sandbox).await.len(), answered + 1, "every answered call must be listed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_has_everything_that_it_answered_before_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let api = server.api();
    let sandbox = api.start().await;
    let made = "import os\nopen('made.txt', 'w').write('whole')\nos.makedirs('sub/empty')\nos.environ['MODE'] = 'x'\nos.chdir('sub')";
    api.output(&sandbox, made).await;
    let unanswered = tokio::spawn({
        let (api, sandbox) = (api.clone(), sandbox.clone());
        async move {
            let code =
                json!({ "code": "open('/sandbox/files/half.txt', 'w').write('half')\nimport time\ntime.sleep(30)" });
            api.try_call("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(code)).await
        }
    });
    appears(&data, "half.txt").await;
    server.kill();
    assert!(unanswered.await.unwrap().is_none(), "the killed server answered");

    let server = Server::start(&data, &[]);
    let api = server.api();
    let code = "import os\nprint(open('/sandbox/files/made.txt').read(), os.path.isdir('empty'), os.environ['MODE'])\nprint(os.path.exists('/sandbox/files/half.txt'))";
    assert_eq!(api.output(&sandbox, code).await, ["whole True x", "False"]);
    let inputs: Vec<_> =
        api.executions(&sandbox).await.iter().map(|one| one["input"].as_str().unwrap().to_owned()).collect();
    assert_eq!(inputs, [code, made], "all calls but the unanswered one must be recorded");
    assert_eq!(server.interrupt(), Some(0));
}
