//! Two server processes over one bucket: commits that conflict, and what is left on the machine afterwards.

use std::{collections::BTreeMap, fs, net::Ipv4Addr};

use sandcastle_e2e::server::{Server, kernel_processes};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use serde_json::Value;

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
