//! Two server processes over one bucket: commits that conflict, and what is left on the machine afterwards.

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::FutureExt;
use sandcastle_e2e::{
    s3_proxy::{Decide, S3Proxy},
    s3_request::Fault,
    server::{KEY, Server, kernel_processes},
};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::{S3Config, S3Store};
use serde_json::{Value, json};

const SANDBOXES: usize = 20;
const CALLS: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_calls_on_twenty_sandboxes_through_two_servers() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let (key_id, secret) = (s3.credentials().key_id.clone(), s3.credentials().secret.clone());
    let settings = [
        ("S3_ENDPOINT", &*s3.endpoint()),
        ("SANDCASTLE_BUCKET", s3.bucket()),
        ("AWS_ACCESS_KEY_ID", &*key_id),
        ("AWS_SECRET_ACCESS_KEY", &*secret),
        ("SANDCASTLE_MEMORY_MB", "512"),
    ];
    let servers = ["one", "two"].map(|name| Server::start(&folder.path().join(name), &settings));
    let apis = [servers[0].api(), servers[1].api()];
    let sandboxes = futures::future::join_all((0..SANDBOXES).map(|n| apis[n % 2].start())).await;

    // Each call appends a mark to a file and prints the file: the answer shows which history the call ran on.
    let calls = (0..CALLS).map(|n| {
        let (api, sandbox) = (&apis[n % 2], &sandboxes[n / 2 % SANDBOXES]);
        let code = format!("with open('log.txt', 'a') as f: f.write('call{n};')\nprint(open('log.txt').read())");
        async move { (n, sandbox.clone(), code.clone(), api.execute(sandbox, &code).await) }
    });
    let answers = futures::future::join_all(calls).await;

    let mut by_sandbox: BTreeMap<String, Vec<(usize, String, String)>> = BTreeMap::new();
    for (n, sandbox, code, answer) in answers {
        assert_eq!(answer.status, 200, "call {n}: {answer:?}\n{}\n{}", servers[0].log(), servers[1].log());
        by_sandbox.entry(sandbox).or_default().push((n, code, answer.output().join("")));
    }
    let store = S3Store::connect(s3.store_config()).await;
    for (sandbox, calls) in &by_sandbox {
        let entries = ledger(&store, sandbox).await;
        for (at, entry) in entries.iter().enumerate() {
            assert_eq!(entry["seq"].as_u64(), Some(at as u64 + 1), "{sandbox}: the ledger has a gap");
            let parent = at.checked_sub(1).map_or(&Value::Null, |before| &entries[before]["commit_id"]);
            assert_eq!(
                &entry["parent"],
                parent,
                "{sandbox}: the parent of entry {} is not the entry before it",
                at + 1
            );
        }
        let inputs: Vec<&str> =
            entries.iter().filter_map(|entry| entry["change"]["executed"]["input"].as_str()).collect();
        assert_eq!(inputs.len(), calls.len(), "{sandbox}: each call must be in the ledger exactly once");
        let listed = apis[0].executions(sandbox).await;
        let listed: Vec<&str> = listed.iter().rev().map(|one| one["input"].as_str().unwrap()).collect();
        assert_eq!(listed, inputs, "{sandbox}: the list of executions differs from the ledger");
        for (n, code, output) in calls {
            let index = inputs.iter().position(|input| input == code).unwrap_or_else(|| panic!("call {n} is missing"));
            let history: String = inputs[..=index].iter().map(|input| mark(input)).collect();
            assert_eq!(*output, history, "{sandbox}: call {n} ran on another history than the ledger's");
        }
    }

    for server in servers {
        let processes = kernel_processes(server.pid());
        assert!(!processes.is_empty(), "no kernel ran");
        assert_eq!(server.interrupt(), Some(0));
        let left = processes.iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).ok());
        let left: Vec<_> = left.filter(|line| !line.is_empty()).collect();
        assert!(left.is_empty(), "processes are left: {left:?}");
    }
    for name in ["one", "two"] {
        let left = files_below(&folder.path().join(name).join("run"));
        assert!(left.is_empty(), "temporary files are left: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_others_beat_runs_again_and_after_five_times_is_answered_409_with_a_time_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let memory = [("SANDCASTLE_MEMORY_MB", "512")];
    let quick = Server::start_on(&s3.store_config(), &folder.path().join("quick"), &memory);
    // So often the quick server commits a call while an entry of the slow one is on its way.
    let beats = Arc::new(AtomicUsize::new(0));
    let decide: Decide = {
        let (beats, api) = (Arc::clone(&beats), quick.api());
        Arc::new(move |asked| {
            let (beats, api) = (Arc::clone(&beats), api.clone());
            async move {
                let is_entry = asked.method == "PUT" && asked.key.starts_with("ledger/");
                let less = |left: usize| left.checked_sub(1);
                if is_entry && beats.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                    let id = asked.key.split('/').nth(1).unwrap();
                    api.output(id, "x += 1\nprint(x)").await;
                }
                Fault::None
            }
            .boxed()
        })
    };
    let proxy = S3Proxy::start(&s3.endpoint(), decide).await;
    let behind_it = S3Config { endpoint: Some(proxy.url.clone()), ..s3.store_config() };
    let slow = Server::start_on(&behind_it, &folder.path().join("slow"), &memory);
    let id = quick.api().start().await;
    assert_eq!(quick.api().output(&id, "x = 0\nprint(x)").await, ["0"]);

    beats.store(4, Ordering::SeqCst);
    assert_eq!(slow.api().output(&id, "y = x\nprint(x)").await, ["4"], "the last run is on the newest state");

    beats.store(5, Ordering::SeqCst);
    let url = format!("{}/v2/sandcastles/{id}/execute", slow.url);
    let call = reqwest::Client::new().post(url).bearer_auth(KEY).json(&json!({ "code": "y = 'lost'" }));
    let refused = call.send().await.unwrap();
    assert_eq!(refused.status(), 409);
    assert_eq!(refused.headers()["retry-after"], "1");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["error"]["code"], "conflict", "{body}");
    assert_eq!(beats.load(Ordering::SeqCst), 0, "it was given up before the fifth run");
    assert_eq!(slow.api().output(&id, "print(x, y)").await, ["9 4"], "something of it was kept");
}

/// The mark that a call writes.
fn mark(code: &str) -> String {
    let start = code.find("call").unwrap();
    code[start..=start + code[start..].find(';').unwrap()].to_owned()
}

/// Every entry of a sandbox, oldest first, read from the bucket.
async fn ledger(store: &S3Store, sandbox: &str) -> Vec<Value> {
    use sandcastle::store::ObjectStore;
    let mut keys = store.list(&format!("ledger/{sandbox}/"), None, 1000).await.unwrap();
    keys.reverse();
    let mut entries = Vec::new();
    for key in keys {
        entries.push(serde_json::from_slice(&store.get(&key).await.unwrap().unwrap()).unwrap());
    }
    entries
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}
