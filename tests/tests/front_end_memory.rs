//! The memory of a server, which follows what it remembers, not how many sandboxes it has seen.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use sandcastle::{
    CommitId, ExecutionId, FileMode, SandboxId, WorkingPath,
    entry::{Change, Entry, Position},
    ledger::Ledger,
    limits::MAX_NODES,
    manifest::{Manifest, Node},
    store::ObjectStore,
};
use sandcastle_e2e::{process, server::Server};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use time::OffsetDateTime;

const SANDBOXES: usize = 200;
const MIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sandboxes_of_the_longest_names_leave_a_server_small() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let server = Server::start_on(&s3.store_config(), &folder.path().join("data"), &[]);
    let api = server.api();
    let first = SandboxId::parse(&api.start().await).unwrap();
    let store: Arc<dyn ObjectStore> = Arc::new(S3Store::connect(s3.store_config()).await);
    let ledger = Ledger::new(store);
    let started = ledger.newest(&first).await.unwrap().unwrap();
    let started = ledger.decode(&first, started).await.unwrap();
    let path = |n: usize| WorkingPath::parse(format!("{n:0200}")).unwrap();
    let files: BTreeMap<_, _> = (0..MAX_NODES).map(|n| (path(n), Node::Folder { mode: FileMode::of(0o755) })).collect();
    let manifest = Manifest { files: Arc::new(files), ..started.manifest.as_ref().clone() };
    let mut sandboxes = Vec::new();
    for _ in 0..SANDBOXES {
        sandboxes.push(add(&ledger, &manifest).await);
    }
    for sandbox in &sandboxes {
        let answer = api.call("GET", &format!("/v2/sandcastles/{sandbox}"), None).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &"running".into()), "{answer:?}");
    }
    let peak = process::peak_memory(server.pid());
    println!("{} MiB at its peak", peak / MIB);
    assert!(peak < 150 * MIB, "{} MiB at its peak", peak / MIB);
}

/// A sandbox in this state, as another server has made it.
async fn add(ledger: &Ledger, manifest: &Manifest) -> SandboxId {
    let (id, at) = (SandboxId::new(), OffsetDateTime::now_utc());
    let (state, _) = ledger.encode(&id, None, manifest, at).await.unwrap();
    let entry = Entry {
        position: Position { seq: 1, commit_id: CommitId::new() },
        execution_id: ExecutionId::new(),
        parent: None,
        at,
        change: Change::Started,
        state,
        recent: Arc::default(),
    };
    ledger.append(&id, &entry).await.unwrap();
    id
}
