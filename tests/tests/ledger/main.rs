//! The ledger under faults and contention: the service over the AWS SDK and the embedded S3, in one process. A fake
//! interpreter, which keeps a log in the sandbox's environment variables, takes the place of a kernel.

mod bounds;
mod sweep;
mod torn;

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use sandcastle::{
    CommitId, ContentHash, EnvName, EnvValue, FileMode, IdempotencyKey, Name, Principal, SandboxId, Scope, WorkingPath,
    contract::{ExecuteResponse, FileUploaded, Source, StatusFilter},
    entry::{Change, Entry, Head, Position, State},
    interpreter::{Interpreter, Job, Outcome, RunError},
    layout,
    ledger::Ledger,
    manifest::{Node, Status, WorkingFile},
    report::Report,
    service::{Content, ExecuteRequest, FileContent, Sandcastles, ServiceError, Settings, Writers},
    store::{ObjectStore, PutNew, StoreError},
};
use sandcastle_e2e::faults::{Fault, Faulty, Op, Plan};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use time::OffsetDateTime;
use tokio::sync::Notify;

/// Appends each call's code to a log and outputs the whole log. A test can add further behaviour.
#[derive(Default)]
struct FakeInterpreter {
    runs: AtomicUsize,
    /// How many runs name a parent that is not in the ledger.
    wrong_parents: AtomicUsize,
    /// How many working files there are after each run.
    files: usize,
    /// How many of them have the same content.
    names: usize,
    /// Each run notifies the first when it begins, and waits for the second.
    pause: Option<(Arc<Notify>, Arc<Notify>)>,
    /// For how long it says that code may write after a stop.
    writes_on: Duration,
    /// Another service that commits a call during each run of this one.
    rival: Option<Arc<Sandcastles>>,
}

impl Interpreter for FakeInterpreter {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Outcome, RunError>> {
        async move {
            self.runs.fetch_add(1, Ordering::SeqCst);
            if let Some((begun, go_on)) = &self.pause {
                begun.notify_one();
                go_on.notified().await;
            }
            if let Some(rival) = &self.rival {
                let answer = rival.execute(&caller(), &job.sandbox.to_string(), code("rival"), deadline()).await;
                answer.unwrap();
            }
            let mut manifest = job.head.manifest.as_ref().clone();
            let before = manifest.env.get("log").cloned().flatten().map(String::from).unwrap_or_default();
            let log = format!("{before}{} ", job.work.text());
            manifest.env =
                BTreeMap::from([(EnvName::parse("log").unwrap(), Some(EnvValue::parse(log.clone()).unwrap()))]);
            if self.files > 0 {
                let file = |n: usize| {
                    (
                        path(&format!("file-{n:05}.txt")),
                        working_file(&format!("{}", n / self.names.max(1)), job.head.manifest.started_at),
                    )
                };
                let marked =
                    (path(&format!("call-{}", manifest.calls)), working_file("call", job.head.manifest.started_at));
                manifest.files = Arc::new((0..self.files).map(file).chain([marked]).collect());
            }
            manifest.calls += 1;
            let mut parent = job.head.position;
            if self.wrong_parents.load(Ordering::SeqCst) > 0 {
                self.wrong_parents.fetch_sub(1, Ordering::SeqCst);
                parent = Position { seq: parent.seq, commit_id: CommitId::new() };
            }
            Ok(Outcome { parent, manifest, report: Report { output: vec![log], ..Report::default() } })
        }
        .boxed()
    }

    fn discard<'a>(&'a self, _: &'a SandboxId) -> BoxFuture<'a, ()> {
        futures::future::ready(()).boxed()
    }

    fn writes_after_discard(&self) -> Duration {
        self.writes_on
    }
}

fn path(text: &str) -> WorkingPath {
    WorkingPath::parse(text).unwrap()
}

fn working_file(content: &str, stored_at: OffsetDateTime) -> Node {
    let (hash, size) = (ContentHash::of(content.as_bytes()), content.len() as u64);
    Node::File(WorkingFile { hash, size, mode: FileMode::of(0o644), modified_at: stored_at, stored_at })
}

/// A bucket with fault injection, for services over it.
struct Harness {
    _folder: tempfile::TempDir,
    s3: EmbeddedS3,
    store: Arc<S3Store>,
    plan: Plan,
}

impl Harness {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan::default();
        let faults = plan.clone();
        let address = (Ipv4Addr::LOCALHOST, 0).into();
        let s3 = EmbeddedS3::start_with(folder.path(), address, |bucket| Faulty::new(bucket, faults)).await.unwrap();
        let store = Arc::new(S3Store::connect(s3.store_config()).await);
        Self { _folder: folder, s3, store, plan }
    }

    /// A service that shares nothing but the bucket with others, as in a process of its own.
    async fn service(&self, interpreter: FakeInterpreter) -> Service {
        let interpreter = Arc::new(interpreter);
        let store = Arc::new(S3Store::connect(self.s3.store_config()).await);
        let settings = Settings { execution_limit: Duration::from_secs(10), writers: Writers::Several, now };
        let calls = Arc::new(Sandcastles::new(store, Arc::clone(&interpreter) as Arc<dyn Interpreter>, settings));
        Service { calls, interpreter }
    }

    /// Every entry, oldest first. Asserts that there is no gap, and that each entry names the one before it as its parent.
    async fn entries(&self, id: &str) -> Vec<Entry> {
        let id = SandboxId::parse(id).unwrap();
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let mut entries = Ledger::new(store).page(&id, None, 1000).await.unwrap();
        entries.reverse();
        for (n, entry) in entries.iter().enumerate() {
            assert_eq!(entry.position.seq, n as u64 + 1, "the ledger has a gap");
            let before = n.checked_sub(1).map(|n| entries[n].position.commit_id);
            assert_eq!(entry.parent, before, "the parent of entry {} is not the entry before it", n + 1);
        }
        entries
    }

    /// The code of every recorded execution, oldest first.
    async fn inputs(&self, id: &str) -> Vec<String> {
        let executed = self.entries(id).await.into_iter().filter_map(|entry| match entry.change {
            Change::Executed(executed) => Some(executed.input),
            _ => None,
        });
        executed.collect()
    }
}

/// A service and its interpreter.
struct Service {
    calls: Arc<Sandcastles>,
    interpreter: Arc<FakeInterpreter>,
}

impl Service {
    async fn start(&self) -> String {
        self.calls.start(&caller(), None, deadline()).await.unwrap().sandbox_id.to_string()
    }

    async fn run(&self, id: &str, text: &str) -> Result<ExecuteResponse, ServiceError> {
        self.calls.execute(&caller(), id, code(text), deadline()).await
    }

    async fn log(&self, id: &str, text: &str) -> String {
        self.run(id, text).await.unwrap().output.unwrap().remove(0)
    }

    /// As long as others are quicker, again, as callers are told to.
    async fn log_at_last(&self, id: &str, text: &str) -> String {
        loop {
            match self.run(id, text).await {
                Err(ServiceError::Conflict(_)) => {}
                answer => return answer.unwrap().output.unwrap().remove(0),
            }
        }
    }

    async fn keyed(&self, id: &str, text: &str, key: &str) -> Result<String, ServiceError> {
        let request = ExecuteRequest { idempotency_key: Some(IdempotencyKey::parse(key).unwrap()), ..code(text) };
        let answer = self.calls.execute(&caller(), id, request, deadline()).await?;
        Ok(answer.output.unwrap().remove(0))
    }

    fn runs(&self) -> usize {
        self.interpreter.runs.load(Ordering::SeqCst)
    }
}

fn caller() -> Principal {
    let name = |text| Name::parse(text).unwrap();
    Principal { org: name("acme"), member: Some(name("ann")), scopes: Scope::ALL.to_vec(), sandbox_limit: None }
}

async fn newest(store: Arc<dyn ObjectStore>, id: &SandboxId) -> Head {
    let ledger = Ledger::new(store);
    let entry = ledger.newest(id).await.unwrap().unwrap();
    ledger.decode(id, entry).await.unwrap()
}

fn code(text: &str) -> ExecuteRequest {
    ExecuteRequest {
        code: text.to_owned(),
        display_last: false,
        limit: None,
        source: Source::PlatformApi,
        idempotency_key: None,
    }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[tokio::test]
async fn a_write_that_took_effect_despite_an_error_is_not_repeated() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let id = service.start().await;
    harness.plan.add(Op::Put, "ledger/", Fault::ApplyAndFail, 1);
    assert_eq!(service.log(&id, "a").await, "a ");
    assert_eq!(service.log(&id, "b").await, "a b ");
    assert_eq!(harness.inputs(&id).await, ["a", "b"]);
    assert_eq!(service.runs(), 2, "the code ran again though it was committed");
}

#[tokio::test]
async fn a_write_that_takes_effect_late_counts_once() {
    let harness = Harness::new().await;
    let (service, other) =
        (harness.service(FakeInterpreter::default()).await, harness.service(FakeInterpreter::default()).await);
    let id = service.start().await;
    let apply = Arc::new(Notify::new());
    harness.plan.add(Op::Put, "ledger/", Fault::ApplyLater(Arc::clone(&apply)), 1);
    harness.plan.add(Op::Put, "ledger/", Fault::Fail, 5);
    let applying = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        apply.notify_one();
        apply.notified().await;
    };
    let (log, ()) = tokio::join!(service.log(&id, "late"), applying);
    assert_eq!(log, "late ");
    assert_eq!(other.log(&id, "next").await, "late next ");
    assert_eq!(harness.inputs(&id).await, ["late", "next"]);
}

#[tokio::test]
async fn a_late_write_is_refused_when_its_position_is_taken() {
    let harness = Harness::new().await;
    let (service, other) =
        (harness.service(FakeInterpreter::default()).await, harness.service(FakeInterpreter::default()).await);
    let id = service.start().await;
    let apply = Arc::new(Notify::new());
    harness.plan.add(Op::Put, "ledger/", Fault::ApplyLater(Arc::clone(&apply)), 1);
    harness.plan.add(Op::Put, "ledger/", Fault::Fail, 1000);
    let deadline = Instant::now() + Duration::from_millis(300);
    let lost = service.calls.execute(&caller(), &id, code("lost"), deadline).await;
    assert!(matches!(lost, Err(ServiceError::Store(_))), "an unknown outcome must be an error");
    harness.plan.clear();
    assert_eq!(other.log(&id, "winner").await, "winner ");
    apply.notify_one();
    apply.notified().await;
    assert_eq!(service.log(&id, "after").await, "winner after ");
    assert_eq!(harness.inputs(&id).await, ["winner", "after"]);
}

#[tokio::test]
async fn a_run_on_an_entry_that_is_not_in_the_ledger_is_never_committed() {
    let harness = Harness::new().await;
    let service =
        harness.service(FakeInterpreter { wrong_parents: AtomicUsize::new(1), ..FakeInterpreter::default() }).await;
    let id = service.start().await;
    assert_eq!(service.log(&id, "a").await, "a ");
    assert_eq!(service.runs(), 2, "a run with a wrong parent was committed");
    assert_eq!(harness.inputs(&id).await, ["a"]);
    let wrong = harness
        .service(FakeInterpreter { wrong_parents: AtomicUsize::new(usize::MAX), ..FakeInterpreter::default() })
        .await;
    assert!(matches!(wrong.run(&id, "b").await, Err(ServiceError::Interpreter(_))));
    assert_eq!(harness.inputs(&id).await, ["a"]);
}

#[tokio::test]
async fn two_processes_that_conflict_lose_no_call() {
    let harness = Harness::new().await;
    let services =
        [harness.service(FakeInterpreter::default()).await, harness.service(FakeInterpreter::default()).await];
    let id = services[0].start().await;
    let calls = (0..40).map(|n| {
        let (service, id) = (&services[n % 2], &id);
        async move { service.log_at_last(id, &format!("c{n}")).await }
    });
    let logs = futures::future::join_all(calls).await;
    let inputs = harness.inputs(&id).await;
    assert_eq!(inputs.len(), 40, "each call must be in the ledger exactly once");
    for (n, log) in logs.iter().enumerate() {
        let index = inputs.iter().position(|input| *input == format!("c{n}")).unwrap();
        let expected: String = inputs[..=index].iter().map(|input| format!("{input} ")).collect();
        assert_eq!(*log, expected, "call {n} ran on another history than the ledger's");
    }
}

#[tokio::test]
async fn a_call_that_loses_five_times_is_a_conflict() {
    let harness = Harness::new().await;
    let rival = harness.service(FakeInterpreter::default()).await;
    let slow =
        harness.service(FakeInterpreter { rival: Some(Arc::clone(&rival.calls)), ..FakeInterpreter::default() }).await;
    let id = slow.start().await;
    assert!(matches!(slow.run(&id, "slow").await, Err(ServiceError::Conflict(_))));
    assert_eq!((slow.runs(), harness.inputs(&id).await), (5, vec!["rival".to_owned(); 5]));
}

#[tokio::test]
async fn an_idempotency_key_gives_the_recorded_answer() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let id = service.start().await;
    assert_eq!(service.keyed(&id, "a", "k").await.unwrap(), "a ");
    assert_eq!(service.log(&id, "b").await, "a b ");
    let other = harness.service(FakeInterpreter::default()).await;
    assert_eq!(other.keyed(&id, "a", "k").await.unwrap(), "a ", "another process must know the key");
    assert_eq!(other.runs(), 0);
    assert!(matches!(other.keyed(&id, "c", "k").await, Err(ServiceError::KeyReused)));
    for n in 0..128 {
        service.log(&id, &format!("{n}")).await;
    }
    service.keyed(&id, "a", "k").await.unwrap();
    assert_eq!(
        harness.inputs(&id).await.iter().filter(|input| *input == "a").count(),
        2,
        "a key must be kept for 128 entries"
    );
}

#[tokio::test]
async fn a_key_that_another_process_used_meanwhile_does_not_run_code_again() {
    let harness = Harness::new().await;
    let (service, other) =
        (harness.service(FakeInterpreter::default()).await, harness.service(FakeInterpreter::default()).await);
    let id = service.start().await;
    service.log(&id, "first").await;
    assert_eq!(other.keyed(&id, "a", "k").await.unwrap(), "first a ");
    // The newest entry that this process knows is still "first".
    assert_eq!(service.keyed(&id, "a", "k").await.unwrap(), "first a ");
    assert_eq!(harness.inputs(&id).await, ["first", "a"]);
}

#[tokio::test]
async fn a_big_manifest_is_a_base_and_a_difference() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter { files: 1000, ..FakeInterpreter::default() }).await;
    let id = service.start().await;
    for n in 0..3 {
        service.log(&id, &format!("{n}")).await;
    }
    let entries = harness.entries(&id).await;
    let based = entries.iter().filter_map(|entry| match &entry.state {
        State::Based { base, files, .. } => Some((*base, files.len())),
        State::Whole(_) => None,
    });
    let bases: Vec<_> = based.collect();
    assert_eq!(bases.len(), 3, "a manifest of 1,000 files must not be in its entry");
    assert!(bases.iter().all(|(base, _)| *base == bases[0].0), "a small change wrote a new base");
    assert_eq!(bases.iter().map(|(_, changes)| *changes).collect::<Vec<_>>(), [0, 2, 2]);
    let reader: Arc<dyn ObjectStore> = harness.store.clone();
    let head = newest(reader, &SandboxId::parse(&id).unwrap()).await;
    assert_eq!(head.manifest.files.len(), 1001);
    assert!(head.manifest.files.contains_key("call-2") && !head.manifest.files.contains_key("call-0"));
}

/// Uploads a file.
async fn put(calls: &Sandcastles, id: &str, path: &str, bytes: Bytes) -> Result<FileUploaded, ServiceError> {
    let to = calls.may_upload(&caller(), id).await?.to(path)?;
    let content = Content { hash: ContentHash::of(&bytes), body: Arc::new(bytes) };
    calls.put_file(&to, content, deadline()).await
}

/// All bytes of a file, or the error that ends them.
async fn read(file: FileContent) -> Result<Bytes, StoreError> {
    let pieces: Vec<_> = file.pieces.try_collect().await?;
    assert_eq!(pieces.iter().map(Bytes::len).sum::<usize>(), usize::try_from(file.size).unwrap());
    Ok(pieces.concat().into())
}

#[tokio::test]
async fn a_file_with_changed_bytes_in_the_bucket_is_never_read_whole() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let (id, calls) = (service.start().await, &service.calls);
    let (me, id) = (caller(), id.as_str());
    for (name, bytes) in [("long.bin", vec![7; 1 << 20]), ("empty.bin", Vec::new())] {
        let bytes = Bytes::from(bytes);
        put(calls, id, name, bytes.clone()).await.unwrap();
        assert!(read(calls.read_file(&me, id, name).await.unwrap()).await.unwrap() == bytes, "{name}");
        let store = &harness.store;
        let key = store.list(&format!("files/{id}/1/"), None, 10).await.unwrap().pop().unwrap();
        store.put(&key, vec![8; bytes.len().max(1)].into()).await.unwrap();
        let file = calls.read_file(&me, id, name).await.unwrap();
        let mut pieces = file.pieces;
        let mut length = 0;
        let error = loop {
            match pieces.try_next().await {
                Ok(Some(piece)) => length += piece.len(),
                Ok(None) => panic!("{name}: read whole"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        assert!(length < bytes.len().max(1), "{name}: a client would take these {length} bytes for the whole file");
        store.delete(&[key]).await.unwrap();
        calls.delete_file(&me, id, name, deadline()).await.unwrap();
    }
}

#[tokio::test]
async fn uploads_and_deletions_are_entries() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let (id, calls) = (service.start().await, &service.calls);
    let (me, id) = (caller(), id.as_str());
    let put = |path: &'static str| put(calls, id, path, Bytes::from_static(b"x"));
    assert_eq!(put("deep/er/a.txt").await.unwrap().filename, "a.txt");
    assert_eq!(read(calls.read_file(&me, id, "deep/er/a.txt").await.unwrap()).await.unwrap(), "x");
    let listed = calls.list_files(&me, id, "deep").await.unwrap().files;
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].is_dir), (1, "er", true));
    for bad in ["../a", "/a", "a/../b", ".hidden", "a//b", "", "a\0b", "deep"] {
        assert!(matches!(put(bad).await, Err(ServiceError::Invalid(_))), "{bad:?} was accepted");
    }
    calls.delete_file(&me, id, "deep/er/a.txt", deadline()).await.unwrap();
    assert!(matches!(calls.read_file(&me, id, "deep/er/a.txt").await, Err(ServiceError::NoFile)));
    assert!(matches!(calls.delete_file(&me, id, "deep", deadline()).await, Err(ServiceError::Invalid(_))));
    assert_eq!(harness.entries(id).await.len(), 3);
}

#[tokio::test]
async fn a_stop_deletes_files_and_keeps_executions() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let (id, calls) = (service.start().await, &service.calls);
    let sandbox = SandboxId::parse(&id).unwrap();
    service.keyed(&id, "a", "k").await.unwrap();
    put(calls, &id, "f.txt", Bytes::from_static(b"x")).await.unwrap();
    let head = newest(harness.store.clone(), &sandbox).await;
    let epoch = head.manifest.epoch;
    let [files, records, objects] = [layout::files, layout::records, layout::objects].map(|of| of(&sandbox, epoch));
    assert_eq!(harness.store.list(&files, None, 10).await.unwrap().len(), 1);
    calls.stop(&caller(), &id, deadline()).await.unwrap();
    for prefix in [&files, &records, &objects] {
        assert!(harness.store.list(prefix, None, 10).await.unwrap().is_empty(), "{prefix} is not empty");
    }
    assert!(matches!(service.run(&id, "b").await, Err(ServiceError::NotFound)));
    assert_eq!(calls.executions(&caller(), &id, 50, None).await.unwrap().executions.len(), 1);
    let listed = calls.list(&caller(), StatusFilter::Stopped, 10, None).await.unwrap().sandboxes;
    assert!(listed.iter().any(|one| one.sandbox_id == sandbox && one.released_at.is_some()));
    calls.start(&caller(), Some(&id), deadline()).await.unwrap();
    assert_eq!(service.log(&id, "c").await, "c ");
    let listed = calls.list(&caller(), StatusFilter::All, 10, None).await.unwrap().sandboxes;
    assert_eq!(listed.iter().filter(|one| one.sandbox_id == sandbox).count(), 1, "listed as running and as stopped");
}

#[tokio::test]
async fn a_stop_ends_idempotency_keys() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let id = service.start().await;
    service.keyed(&id, "a", "k").await.unwrap();
    service.calls.stop(&caller(), &id, deadline()).await.unwrap();
    service.calls.start(&caller(), Some(&id), deadline()).await.unwrap();
    assert_eq!(service.keyed(&id, "b", "k").await.unwrap(), "b ");
}

#[tokio::test]
async fn stops_and_starts_that_were_cut_off_leave_nothing_in_the_list() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let (id, calls, me) = (service.start().await, &service.calls, caller());
    // Their markers are not written, and those of the state before stay.
    for folder in ["/stopped/", "/running/", "/stopped/"] {
        harness.plan.add(Op::Put, folder, Fault::Fail, 3);
        let cut = match folder {
            "/stopped/" => calls.stop(&me, &id, deadline()).await,
            _ => calls.start(&me, Some(&id), deadline()).await.map(drop),
        };
        assert!(cut.is_err());
        harness.plan.clear();
    }
    calls.start(&me, Some(&id), deadline()).await.unwrap();
    // A service that remembers nothing shows what the markers say.
    let other = harness.service(FakeInterpreter::default()).await;
    let listed = async || {
        let page = other.calls.list(&me, StatusFilter::All, 10, None).await.unwrap();
        page.sandboxes.into_iter().map(|one| one.status).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [Status::Running]);
    calls.stop(&me, &id, deadline()).await.unwrap();
    assert_eq!(listed().await, [Status::Stopped]);
}

#[tokio::test]
async fn concurrent_stops_and_starts_leave_one_item_in_the_list() {
    let harness = Harness::new().await;
    let service = harness.service(FakeInterpreter::default()).await;
    let id = service.start().await;
    let listed = || async {
        let page = service.calls.list(&caller(), StatusFilter::All, 200, None).await.unwrap();
        page.sandboxes.into_iter().map(|one| one.status).collect::<Vec<_>>()
    };
    let (me, id) = (caller(), id.as_str());
    let stops = (0..4).map(|_| service.calls.stop(&me, id, deadline()));
    futures::future::try_join_all(stops).await.unwrap();
    assert_eq!(listed().await, [Status::Stopped]);
    let starts = (0..4).map(|_| service.calls.start(&me, Some(id), deadline()));
    futures::future::try_join_all(starts).await.unwrap();
    assert_eq!(listed().await, [Status::Running]);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_running_code() {
    let harness = Harness::new().await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let pause = Some((Arc::clone(&begun), Arc::clone(&go_on)));
    let service = Arc::new(harness.service(FakeInterpreter { pause, ..FakeInterpreter::default() }).await);
    let id = service.start().await;
    let running = tokio::spawn({
        let (service, id) = (Arc::clone(&service), id.clone());
        async move { service.run(&id, "slow").await.map(|_| ()) }
    });
    begun.notified().await;
    service.calls.stop(&caller(), &id, deadline()).await.unwrap();
    go_on.notify_one();
    assert!(
        matches!(running.await.unwrap(), Err(ServiceError::NotFound)),
        "code that ended after the stop was committed"
    );
    assert!(harness.inputs(&id).await.is_empty());
}

#[tokio::test]
async fn one_of_many_writes_of_an_entry_wins() {
    let harness = Harness::new().await;
    let writes = (0..32).map(|n| harness.store.put_new("ledger/x/1.json", Bytes::from(format!("{n}"))));
    let outcomes = futures::future::try_join_all(writes).await.unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == PutNew::Created).count(), 1);
}

/// How many days the clock of the service in the next test is ahead.
static DAYS_AHEAD: AtomicI64 = AtomicI64::new(0);

#[tokio::test]
async fn sandboxes_end_after_29_days_and_their_files_are_stored_again_after_20() {
    let harness = Harness::new().await;
    let ahead = || now() + time::Duration::days(DAYS_AHEAD.load(Ordering::SeqCst));
    let settings = Settings { execution_limit: Duration::from_secs(10), writers: Writers::One, now: ahead };
    let calls = Sandcastles::new(harness.store.clone(), Arc::new(FakeInterpreter::default()), settings);
    let id = calls.start(&caller(), None, deadline()).await.unwrap().sandbox_id;
    let (me, text_id) = (caller(), id.to_string());
    let run = |text: &'static str| calls.execute(&me, &text_id, code(text), deadline());
    put(&calls, &text_id, "f.txt", Bytes::from_static(b"x")).await.unwrap();
    let stored = || async {
        let head = newest(harness.store.clone(), &id).await;
        let Some(Node::File(file)) = head.manifest.files.get("f.txt") else { panic!("the file is missing") };
        file.stored_at
    };
    let first = stored().await;
    DAYS_AHEAD.store(21, Ordering::SeqCst);
    run("a").await.unwrap();
    assert!(stored().await - first >= time::Duration::days(20), "an old file was not stored again");
    // An upload stores the other old files again too.
    DAYS_AHEAD.store(42, Ordering::SeqCst);
    put(&calls, &text_id, "g.txt", Bytes::from_static(b"y")).await.unwrap();
    assert!(stored().await - first >= time::Duration::days(41), "an upload did not store the other files again");
    DAYS_AHEAD.store(42 + 30, Ordering::SeqCst);
    assert!(matches!(run("b").await, Err(ServiceError::NotFound)));
}
