//! A host over storage in memory, and sandboxes whose ledger the tests write.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use sandcastle::{
    Code, Command, CommandKind, CommitId, ContentHash, ExecutionId, FileMode, Name, SandboxId, WorkingPath,
    entry::{Change, Entry, Executed, Head, Position, State},
    interpreter::{Interpreter, Job, Outcome, RunError, Work},
    layout,
    ledger::Ledger,
    manifest::{Epoch, Manifest, Node, Status, WorkingFile},
    report::Report,
    store::ObjectStore,
};
use sandcastle_host::{HostConfig, KernelHost};
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::store::MemoryStore;

/// A host of its own for one test.
pub(crate) struct TestHost {
    pub(crate) host: Arc<KernelHost>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) run_dir: TempDir,
    first_uid: u32,
}

/// A sandbox and its newest entry.
pub(crate) struct Sandbox<'a> {
    on: &'a TestHost,
    pub(crate) id: SandboxId,
    pub(crate) head: Arc<Head>,
    pub(crate) limit: Duration,
    /// When a call must have ended, counted from its begin.
    pub(crate) deadline: Duration,
}

#[expect(clippy::disallowed_methods, reason = "the one place where these tests read their environment")]
fn setting(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

fn kernel_binary() -> PathBuf {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("sandcastle-kernel"));
    let binary = setting("SANDCASTLE_KERNEL").or_else(beside).unwrap();
    let build = "cargo build --release -p sandcastle-kernel";
    assert!(
        binary.exists(),
        "{} is missing; build it with `{build}`, or name it in SANDCASTLE_KERNEL",
        binary.display()
    );
    binary
}

/// Settings for a test.
pub(crate) fn config(run_dir: &Path) -> HostConfig {
    let mut config = HostConfig::new(kernel_binary(), run_dir.to_owned());
    config.python_home = setting("SANDCASTLE_PYTHON_HOME");
    config.site_packages = setting("SANDCASTLE_SITE_PACKAGES");
    (config.preload, config.max_kernels) = (false, 4);
    config.grace = Duration::from_millis(300);
    config
}

impl TestHost {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Another host over the same storage, as another environment of a function is.
    pub(crate) async fn start_beside(other: &Self) -> Self {
        Self::start_over(Arc::clone(&other.store), |_| {}).await
    }

    pub(crate) async fn start_beside_with(other: &Self, change: impl FnOnce(&mut HostConfig)) -> Self {
        Self::start_over(Arc::clone(&other.store), change).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut HostConfig)) -> Self {
        Self::start_over(Arc::default(), change).await
    }

    async fn start_over(store: Arc<MemoryStore>, change: impl FnOnce(&mut HostConfig)) -> Self {
        static HOSTS: AtomicU32 = AtomicU32::new(1);
        let first_uid = 200_000 + 50_000 * HOSTS.fetch_add(1, Ordering::Relaxed);
        let run_dir = tempfile::tempdir().unwrap();
        let mut config = config(&run_dir.path().join("run"));
        config.first_uid = first_uid;
        change(&mut config);
        let host = KernelHost::start(config, Arc::clone(&store) as Arc<dyn ObjectStore>).await.unwrap();
        Self { host, store, run_dir, first_uid }
    }

    pub(crate) fn sandbox(&self) -> Sandbox<'_> {
        let name = Name::parse("test").unwrap();
        let manifest = Manifest::started(name.clone(), name, OffsetDateTime::now_utc(), Epoch(1));
        let position = Position { seq: 1, commit_id: CommitId::new() };
        let head = head(position, manifest);
        Sandbox {
            on: self,
            id: SandboxId::new(),
            head,
            limit: Duration::from_secs(30),
            deadline: Duration::from_secs(60),
        }
    }

    /// Ids of this host's processes that run under a kernel's user id; empty unless the tests run as root.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let ours = |pid: &i32| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let uid =
                status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next()?.parse().ok());
            let alive = !status.lines().any(|line| line.starts_with("State:") && line.contains('Z'));
            alive && uid.is_some_and(|uid: u32| (self.first_uid..self.first_uid + 50_000).contains(&uid))
        };
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        all.filter(ours).collect()
    }
}

/// Says that a test is left out; where everything must be tested, that is a failure.
pub(crate) fn skip(why: &str) {
    assert!(setting("CI").is_none(), "{why}");
    eprintln!("SKIP: {why}");
}

/// True when a kernel can be told by its user id.
pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip("only as root do kernels have user ids of their own");
    }
    root
}

fn head(position: Position, manifest: Manifest) -> Arc<Head> {
    let (at, manifest) = (OffsetDateTime::now_utc(), Arc::new(manifest));
    Arc::new(Head { position, at, manifest, recent: Arc::default(), base: None })
}

impl<'a> Sandbox<'a> {
    /// The next calls come to another host.
    pub(crate) fn moves_to(&mut self, host: &'a TestHost) {
        self.on = host;
    }

    pub(crate) fn job(&self, code: &str) -> Job {
        self.job_of(Work::Cell { code: Code::parse(code).unwrap(), display_last: false })
    }

    fn job_of(&self, work: Work) -> Job {
        Job {
            sandbox: self.id,
            execution: ExecutionId::new(),
            commit: CommitId::new(),
            head: Arc::clone(&self.head),
            fresh: true,
            work,
            limit: self.limit,
            deadline: Instant::now() + self.deadline,
        }
    }

    /// Runs without committing.
    pub(crate) async fn try_run(&self, code: &str) -> Result<Outcome, RunError> {
        self.on.host.run(self.job(code)).await
    }

    /// Runs and commits.
    pub(crate) async fn run(&mut self, code: &str) -> Report {
        self.commit_job(self.job(code)).await
    }

    /// Runs a bash command and commits.
    pub(crate) async fn bash(&mut self, source: &str) -> Report {
        self.command(CommandKind::Bash, source, &[]).await
    }

    /// Runs a command with these variables of the environment, and commits.
    pub(crate) async fn command(&mut self, kind: CommandKind, source: &str, env: &[(&str, &str)]) -> Report {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let command = Command::parse(kind, source.to_owned(), env).unwrap();
        self.commit_job(self.job_of(Work::Command(Arc::new(command)))).await
    }

    async fn commit_job(&mut self, job: Job) -> Report {
        let commit = job.commit;
        let (input, command) = (job.work.text().to_owned(), matches!(job.work, Work::Command(_)));
        let outcome = self.on.host.run(job).await.unwrap();
        assert_eq!(outcome.parent, self.head.position);
        let executed = Executed {
            files: Vec::new(),
            kind: "python".into(),
            source: "test".into(),
            input,
            command,
            output_preview: String::new(),
            error: String::new(),
            duration_ms: outcome.report.duration_ms,
        };
        let mut manifest = outcome.manifest;
        if !manifest.has_variables_of(&self.head.manifest) {
            manifest.variables_at = Some(commit);
        }
        self.commit(commit, Change::Executed(executed), manifest).await;
        outcome.report
    }

    /// Runs code that must succeed; what it printed.
    pub(crate) async fn prints(&mut self, code: &str) -> Vec<String> {
        let report = self.run(code).await;
        assert_eq!(report.failure, None, "{code}");
        report.output
    }

    /// Runs code that must fail; its error.
    pub(crate) async fn fails(&mut self, code: &str) -> String {
        self.run(code).await.failure.unwrap().error
    }

    /// Puts a file as a request from outside does.
    pub(crate) async fn put_file(&mut self, name: &str, content: &str) {
        let hash = ContentHash::of(content.as_bytes());
        let key = layout::file(&self.id, self.head.manifest.epoch, hash);
        self.on.store.put(&key, Bytes::from(content.to_owned())).await.unwrap();
        let now = OffsetDateTime::now_utc();
        let (size, mode) = (content.len() as u64, FileMode::of(0o644));
        let file = Node::File(WorkingFile { hash, size, mode, modified_at: now, stored_at: now });
        let name = WorkingPath::parse(name).unwrap();
        let change = Change::FilePut { name: name.clone() };
        self.change_files(change, |files| files.insert(name, file)).await;
    }

    /// Deletes a file from outside.
    pub(crate) async fn delete_file(&mut self, name: &str) {
        let name = WorkingPath::parse(name).unwrap();
        self.change_files(Change::FileDeleted { name: name.clone() }, |files| files.remove(&name)).await;
    }

    /// Stops it as another host does.
    pub(crate) async fn stop(&mut self) {
        let manifest = Manifest { status: Status::Stopped, ..(*self.head.manifest).clone() };
        self.commit(CommitId::new(), Change::Stopped, manifest).await;
    }

    async fn change_files(
        &mut self,
        what: Change,
        change: impl FnOnce(&mut BTreeMap<WorkingPath, Node>) -> Option<Node>,
    ) {
        let mut manifest = (*self.head.manifest).clone();
        change(Arc::make_mut(&mut manifest.files));
        self.commit(CommitId::new(), what, manifest).await;
    }

    async fn commit(&mut self, commit_id: CommitId, change: Change, manifest: Manifest) {
        let parent = self.head.position;
        let entry = Entry {
            position: Position { seq: parent.seq + 1, commit_id },
            execution_id: ExecutionId::new(),
            parent: Some(parent.commit_id),
            at: OffsetDateTime::now_utc(),
            change,
            state: State::Whole(manifest.clone()),
            recent: Arc::default(),
        };
        let ledger = Ledger::new(Arc::clone(&self.on.store) as Arc<dyn ObjectStore>);
        ledger.append(&self.id, &entry).await.unwrap();
        self.head = head(entry.position, manifest);
    }

    /// The bytes of a stored file.
    pub(crate) async fn stored(&self, hash: ContentHash) -> Bytes {
        let key = layout::file(&self.id, self.head.manifest.epoch, hash);
        self.on.store.get(&key).await.unwrap().unwrap()
    }
}

/// The names of a report's files.
pub(crate) fn names(report: &Report) -> Vec<&str> {
    report.files.iter().map(|file| file.name.as_str()).collect()
}
