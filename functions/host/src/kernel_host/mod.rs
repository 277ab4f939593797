//! The interpreter port over kernels of this machine.

mod bring;
mod work;

use std::{
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use sandcastle::{
    SandboxId,
    entry::Position,
    interpreter::{Interpreter, Job, Ran, RunError},
    ledger::Ledger,
    store::ObjectStore,
};
use sandcastle_protocol::StepReport;
use sandcastle_runtime::chain;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    config::HostConfig,
    error::HostError,
    folder::{Before, Memory, RestoreError, Snapshot, Storage, harvest_and_store},
    kernel::{
        Ending, Kernel,
        nursery::Nursery,
        pool::Pool,
        processes::{self, MemoryKills},
        reap,
        slot::Slots,
    },
    run::outcome::{self, Start},
    run_dir::RunDir,
};
use work::Worked;

/// How long shutting down waits for the last kernels to end and their folders to be removed.
const REAP_TIME: Duration = Duration::from_secs(15);

/// A host of kernels: one per sandbox, the least recently used one leaving when there are too many.
pub struct KernelHost {
    config: HostConfig,
    /// Where the jobs that come through the port are stored.
    store: Option<Arc<dyn ObjectStore>>,
    run_dir: RunDir,
    slots: Slots,
    nursery: Nursery,
    pool: Pool<Warm>,
    memory: Memory,
    memory_kills: MemoryKills,
    /// Taken at shutdown, upon which the reaper ends with the last kernel.
    reaper: Mutex<Option<mpsc::UnboundedSender<Ending>>>,
    reaping: Mutex<Option<JoinHandle<()>>>,
    closed: AtomicBool,
    python: Arc<str>,
}

/// A kernel between two runs.
struct Warm {
    kernel: Kernel,
    /// Where it stands; pending until a head confirms it.
    at: Position,
    /// What its folder held then.
    snapshot: Snapshot,
    /// The state then.
    manifest: Arc<sandcastle::manifest::Manifest>,
}

/// A job, and the bucket as this job may use it.
struct Errand {
    job: Job,
    store: Arc<dyn ObjectStore>,
}

impl Deref for Errand {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.job
    }
}

impl Errand {
    fn ledger(&self) -> Ledger {
        Ledger::new(Arc::clone(&self.store))
    }
}

/// A kernel that stands where a run is to begin.
struct Brought {
    kernel: Kernel,
    snapshot: Snapshot,
    start: Start,
}

impl KernelHost {
    /// Starts the zygotes and proves with a trial kernel that kernels can be confined as required. Ready when the plain
    /// zygote is; the other one goes on importing. Jobs that come through the port are stored in this bucket.
    pub async fn start(config: HostConfig, store: Arc<dyn ObjectStore>) -> Result<Arc<Self>, HostError> {
        Self::set_up(config, Some(store)).await
    }

    /// As [`Self::start`], for a host that each job brings its own access to the bucket, and which has none itself:
    /// only [`Self::run_with`] runs jobs.
    pub async fn start_without_store(config: HostConfig) -> Result<Arc<Self>, HostError> {
        Self::set_up(config, None).await
    }

    async fn set_up(config: HostConfig, store: Option<Arc<dyn ObjectStore>>) -> Result<Arc<Self>, HostError> {
        let run_dir = RunDir::prepare(&config.run_dir)?;
        let kernels = run_dir.kernels();
        let plain = config.setup(&kernels, false)?;
        let preloaded = config.preload.then(|| config.setup(&kernels, true)).transpose()?;
        let binary = std::fs::canonicalize(&config.kernel_binary)
            .map_err(|source| HostError::Spawn { path: config.kernel_binary.clone(), source })?;
        let slots = Slots::new(kernels, config.first_uid);
        let nursery = Nursery::start(binary, plain, preloaded);
        let zygote = nursery.plain().await?;
        let (reaper, dead) = mpsc::unbounded_channel();
        let reaping = tokio::spawn(reap(dead));
        let host = Self {
            pool: Pool::new(config.max_kernels.max(1)),
            config,
            store,
            run_dir,
            slots,
            nursery,
            memory: Memory::new(),
            memory_kills: MemoryKills::watch(),
            reaper: Mutex::new(Some(reaper)),
            reaping: Mutex::new(Some(reaping)),
            closed: AtomicBool::new(false),
            python: Arc::clone(&zygote.python),
        };
        let steps = host.try_out(&zygote).await.map_err(|error| HostError::Refused { message: chain(&error) })?;
        log_steps(&steps);
        Ok(Arc::new(host))
    }

    /// Ends every kernel and the zygotes, and empties the folder of kernels. Runs that are going on end with an error.
    pub async fn shutdown(&self) {
        self.closed.store(true, Ordering::SeqCst);
        drop(self.pool.close_all());
        self.nursery.shutdown().await;
        drop(self.reaper.lock().unwrap_or_else(PoisonError::into_inner).take());
        let reaping = self.reaping.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reaping) = reaping {
            let _ = tokio::time::timeout(REAP_TIME, reaping).await;
        }
        if let Err(error) = self.run_dir.clear() {
            tracing::warn!(%error, "the folder of kernels is not empty");
        }
    }

    /// The version of the Python that runs, such as `3.13.0`.
    pub fn runtime(&self) -> &str {
        &self.python
    }

    /// Runs a job with its own access to the bucket.
    pub async fn run_with(&self, store: Arc<dyn ObjectStore>, job: Job) -> Result<Ran, RunError> {
        let turn = self.pool.turn(job.sandbox, job.deadline).await.ok_or(RunError::Busy)?;
        if self.closed.load(Ordering::SeqCst) {
            return Err(RunError::Kernel { what: "the host is shutting down".into() });
        }
        // Whoever drops this future midway, or closes the turn, drops the kernel, which kills it.
        tokio::select! {
            ran = self.run_in_turn(Errand { job, store }) => ran,
            () = turn.closing() => Err(RunError::Kernel { what: "the sandbox was discarded".into() }),
        }
    }

    fn storage(&self, job: &Errand) -> Storage {
        Storage {
            store: Arc::clone(&job.store),
            sandbox: job.sandbox,
            epoch: job.head.manifest.epoch,
            memory: self.memory.clone(),
        }
    }

    /// The whole of one run, within the sandbox's turn.
    async fn run_in_turn(&self, job: Errand) -> Result<Ran, RunError> {
        let Worked { brought, rests, outcome } = self.work(&job).await?;
        let Brought { mut kernel, snapshot, start } = brought;
        let base = Arc::clone(&start.base);
        let (slot, storage) = (Arc::clone(&kernel.slot), self.storage(&job));
        let before = Before { base, snapshot, kernel: rests.then_some(kernel.pid) };
        let harvest = harvest_and_store(slot, &storage, before);
        // Whoever gives up here drops the kernel, and with it what the code has done.
        let until = tokio::time::Instant::from_std(job.deadline);
        let harvested = tokio::time::timeout_at(until, harvest).await.map_err(|_| RunError::NoTime)?;
        let (left, snapshot) = harvested.map_err(run_error)?;
        let (manifest, report) = outcome::of(start, outcome, left);
        let keep = rests && !kernel.exit.is_sealed() && !self.closed.load(Ordering::SeqCst);
        if keep && processes::stands_still(kernel.pid).await {
            let at = Position { seq: job.head.position.seq.saturating_add(1), commit_id: job.commit };
            self.pool.put(job.sandbox, Warm { kernel, at, snapshot, manifest: Arc::new(manifest.clone()) });
        }
        Ok(Ran { base: job.head.position, manifest, report })
    }
}

impl Interpreter for KernelHost {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ran, RunError>> {
        Box::pin(async move {
            let what = "this host has no bucket of its own";
            let store = self.store.clone().ok_or_else(|| RunError::Kernel { what: what.into() })?;
            self.run_with(store, job).await
        })
    }

    fn discard<'a>(&'a self, sandbox: &'a SandboxId) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            self.pool.close(sandbox);
            drop(self.pool.take(sandbox));
        })
    }
}

fn run_error(error: RestoreError) -> RunError {
    match error {
        RestoreError::Store(error) => RunError::Store(error),
        RestoreError::Folder(error) => RunError::Kernel { what: format!("working folder: {}", chain(&error)) },
    }
}

/// Says once what confines kernels here.
fn log_steps(steps: &[StepReport]) {
    let held: Vec<&str> = steps.iter().filter(|step| step.held).map(|step| step.step.as_str()).collect();
    tracing::info!(?held, "kernels are confined");
    for step in steps.iter().filter(|step| !step.held) {
        tracing::warn!(step = step.step, reason = step.reason, "a step of the confinement is unavailable");
    }
}
