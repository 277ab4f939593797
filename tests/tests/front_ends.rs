//! Two servers on one bucket: what one remembers of a sandbox costs nobody a variable, an answer or a place in a list.

use std::{net::Ipv4Addr, time::Duration};

use sandcastle_e2e::{
    api::{Answer, Api},
    server::{Server, kernels},
};
use sandcastle_local::EmbeddedS3;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two servers, A and B, over one bucket.
struct Pair {
    folder: TempDir,
    s3: EmbeddedS3,
    servers: [Server; 2],
    a: Api,
    b: Api,
}

impl Pair {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let servers = ["a", "b"].map(|name| server(&folder, &s3, name));
        let (a, b) = (servers[0].api(), servers[1].api());
        Self { folder, s3, servers, a, b }
    }
}

fn server(folder: &TempDir, s3: &EmbeddedS3, name: &str) -> Server {
    let settings = [("SANDCASTLE_MEMORY_MB", "512"), ("SANDCASTLE_TIMEOUT_S", "20")];
    Server::start_on(&s3.store_config(), &folder.path().join(name), &settings)
}

async fn exec(api: &Api, sandbox: &str, command: &str) -> Answer {
    api.call("POST", &format!("/v2/sandcastles/{sandbox}/exec"), Some(json!({ "command": command }))).await
}

async fn start_again(api: &Api, sandbox: &str) {
    let answer = api.call("POST", "/v2/sandcastles", Some(json!({ "sandbox_id": sandbox }))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

async fn stop(api: &Api, sandbox: &str) {
    assert_eq!(api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await.status, 200);
}

async fn listed(api: &Api, status: &str) -> Vec<String> {
    let answer = api.call("GET", &format!("/v2/sandcastles?status={status}&limit=200"), None).await;
    let sandboxes = answer.body["sandboxes"].as_array().unwrap().clone();
    sandboxes.iter().map(|one| one["sandbox_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_files_elsewhere_cost_no_variable() {
    let Pair { a, b, .. } = &Pair::start().await;
    let id = &a.start().await;
    assert_eq!(a.output(id, "x = 1\nprint(x)").await, ["1"]);
    assert_eq!(b.upload(id, "up.txt", "from b").await.status, 200);
    assert_eq!(a.output(id, "x += 1\nprint(x, open('up.txt').read())").await, ["2 from b"]);
    assert_eq!(exec(b, id, "echo again > up.txt; mkdir -p d; echo 1 > d/e").await.status, 200);
    assert_eq!(
        a.output(id, "x += 1\nprint(x, open('up.txt').read().strip(), open('d/e').read().strip())").await,
        ["3 again 1"]
    );
    let deleted = b.call("DELETE", &format!("/v2/sandcastles/{id}/files/up.txt"), None).await;
    assert_eq!(deleted.status, 200);
    assert_eq!(a.output(id, "import os\nx += 1\nprint(x, os.path.exists('up.txt'))").await, ["4 False"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_arrives_while_code_runs_is_put_beside_what_the_code_made() {
    let Pair { a, b, .. } = &Pair::start().await;
    let id = &a.start().await;
    assert_eq!(a.output(id, "x = 1; runs = 0\nprint(x)").await, ["1"]);
    let waits =
        "import time, os\nruns += 1\nopen('mine.txt', 'w').write('mine')\ntime.sleep(2)\nx += 1\nprint(x, runs)";
    let (ran, uploaded) = tokio::join!(a.execute(id, waits), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        b.upload(id, "theirs.txt", "theirs").await
    });
    assert_eq!((ran.status, uploaded.status), (200, 200), "{ran:?}");
    assert_eq!(ran.output(), ["2 1"], "the code ran twice, or in another kernel");
    let both = "print(x, runs, open('mine.txt').read(), open('theirs.txt').read())";
    assert_eq!(a.output(id, both).await, ["2 1 mine theirs"]);
    assert_eq!(b.download(id, "mine.txt").await, b"mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_arrives_while_code_runs_after_an_upload_here_costs_no_variable() {
    let Pair { a, b, .. } = &Pair::start().await;
    let id = &a.start().await;
    assert_eq!(a.output(id, "x = 1; runs = 0\nprint(x)").await, ["1"]);
    // Of this file the server remembers times that are finer than those in the ledger.
    assert_eq!(a.upload(id, "here.txt", "here").await.status, 200);
    let waits = "import time\nruns += 1\ntime.sleep(2)\nx += 1\nprint(x, runs)";
    let (ran, uploaded) = tokio::join!(a.execute(id, waits), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        b.upload(id, "there.txt", "there").await
    });
    assert_eq!((ran.status, uploaded.status), (200, 200), "{ran:?}");
    assert_eq!(ran.body["state"], Value::Null, "{ran:?}");
    assert_eq!(ran.output(), ["2 1"], "the code ran twice, or in another kernel");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_was_stopped_here_and_started_there_runs_here() {
    let Pair { a, b, .. } = &Pair::start().await;
    let id = &a.start().await;
    assert_eq!(a.output(id, "x = 1\nprint(x)").await, ["1"]);
    stop(a, id).await;
    start_again(b, id).await;
    assert_eq!(b.output(id, "open('f', 'w').write('f'); print(2)").await, ["2"]);
    assert_eq!(a.output(id, "print(open('f').read())").await, ["f"]);
    stop(b, id).await;
    assert_eq!(a.execute(id, "print(1)").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_agree_whoever_stopped_or_started_a_sandbox() {
    let Pair { a, b, .. } = &Pair::start().await;
    let id = &a.start().await;
    a.output(id, "print(1)").await;
    for (stops, starts) in [(a, b), (b, a)] {
        stop(stops, id).await;
        for api in [a, b, a] {
            assert_eq!((listed(api, "running").await.len(), listed(api, "stopped").await.len()), (0, 1));
        }
        start_again(starts, id).await;
        for api in [a, b, a] {
            assert_eq!((listed(api, "running").await.len(), listed(api, "stopped").await.len()), (1, 0));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_ends_the_code_that_runs_and_frees_the_sandbox() {
    let pair = Pair::start().await;
    let id = &pair.a.start().await;
    pair.a.output(id, "x = 1\nprint(x)").await;
    for restarts in [&pair.a, &pair.b] {
        let runaway = "open('runs.txt', 'a').write('run;')\nwhile True: pass";
        let (ran, ()) = tokio::join!(pair.a.execute(id, runaway), async {
            while !runs_away(pair.servers[0].pid()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            start_again(restarts, id).await;
        });
        assert_eq!((ran.status, &ran.body["error"]["code"]), (409, &Value::from("conflict")), "{ran:?}");
        let message = ran.body["error"]["message"].as_str().unwrap();
        assert!(message.contains("started again"), "{message}");
        let after = "import os\nprint('x' in globals(), os.path.exists('runs.txt'))";
        assert_eq!(pair.a.output(id, after).await, ["False False"], "something of the runaway was kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_bucket_costs_no_variable() {
    let pair = Pair::start().await;
    let id = &pair.a.start().await;
    pair.a.output(id, "x = 1\nprint(x)").await;
    assert_eq!(pair.b.upload(id, "f.txt", "f").await.status, 200);
    // The file is there in the ledger and cannot be read for a while.
    let files = pair.folder.path().join("bucket");
    let hidden = pair.folder.path().join("hidden");
    let found = find(&files, "files").expect("a folder of working files");
    std::fs::rename(&found, &hidden).unwrap();
    assert_eq!(pair.a.execute(id, "print(x)").await.status, 500);
    std::fs::rename(&hidden, &found).unwrap();
    assert_eq!(pair.a.output(id, "print(x, open('f.txt').read())").await, ["1 f"]);
    drop(pair.servers);
    drop(pair.s3);
}

/// True when a kernel of the server has used the processor for half a second, and is running.
fn runs_away(server: u32) -> bool {
    kernels(server).into_iter().any(|kernel| {
        let stat = std::fs::read_to_string(format!("/proc/{kernel}/stat")).unwrap_or_default();
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // proc(5): the state is the third field of all, user time in ticks of 10 ms the fourteenth.
        let running = fields.next() == Some("R");
        running && fields.nth(10).and_then(|ticks| ticks.parse::<u64>().ok()).is_some_and(|ticks| ticks > 50)
    })
}

/// The first folder of this name below another.
fn find(below: &std::path::Path, name: &str) -> Option<std::path::PathBuf> {
    let mut folders = vec![below.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.path().is_dir()) {
            if entry.file_name() == name {
                return Some(entry.path());
            }
            folders.push(entry.path());
        }
    }
    None
}
