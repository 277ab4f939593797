//! The interpreter port over kernels of this machine.

mod confinement;
mod held_folder;
mod lease;
mod prepare;
mod states;
mod sweep;
mod work;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use sandcastle::{
    CommitId, SandboxId,
    interpreter::{Interpreter, Job, Outcome, RunError},
    store::ObjectStore,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

use crate::{
    config::HostConfig,
    error::HostError,
    folder::{Before, Memory, Storage, harvest_and_store},
    kernel::{
        Ending, Kernel,
        family::comes_to_stop,
        nursery::Nursery,
        pool::{Pool, Turn},
        processes::MemoryKills,
        processors::come_first,
        reap,
        slot::Slots,
    },
    run::outcome,
    run_dir::RunDir,
    variables::{self, VariableCache},
};
use held_folder::{HeldFolder, IdleFolders};
use states::{Finished, IdleKernel};

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
    pool: Pool<IdleKernel>,
    folders: IdleFolders,
    /// Commands that may run at once.
    commands: Semaphore,
    /// Stored variables that are here as well.
    variables: Arc<VariableCache>,
    memory: Memory,
    memory_kills: MemoryKills,
    /// Taken at shutdown, upon which the reaper ends with the last kernel.
    reaper: Mutex<Option<mpsc::UnboundedSender<Ending>>>,
    reaping: Mutex<Option<JoinHandle<()>>>,
    closed: AtomicBool,
    python: Arc<str>,
}

impl KernelHost {
    /// Starts the zygotes and proves with a trial kernel that kernels can be confined as required. Ready when the plain
    /// zygote is; the other one goes on importing. Jobs that come through the port are stored in this bucket.
    pub fn start(config: HostConfig, store: Arc<dyn ObjectStore>) -> BoxFuture<'static, Result<Arc<Self>, HostError>> {
        // Boxed, so that the compiler translates it here, and not in each crate that starts a host.
        Box::pin(Self::set_up(config, Some(store)))
    }

    /// As [`Self::start`], for a host that each job brings its own access to the bucket, and which has none itself:
    /// only [`Self::run_with`] runs jobs.
    pub fn start_without_store(config: HostConfig) -> BoxFuture<'static, Result<Arc<Self>, HostError>> {
        Box::pin(Self::set_up(config, None))
    }

    async fn set_up(config: HostConfig, store: Option<Arc<dyn ObjectStore>>) -> Result<Arc<Self>, HostError> {
        confinement::hide_memory();
        come_first();
        let sweeps = store.clone().zip(config.sweep_every);
        let run_dir = RunDir::prepare(&config.run_dir)?;
        let kernels = run_dir.kernels();
        let plain = config.setup(&kernels, false)?;
        let preloaded = config.preload.then(|| config.setup(&kernels, true)).transpose()?;
        let binary = std::fs::canonicalize(&config.kernel_binary)
            .map_err(|source| HostError::Spawn { path: config.kernel_binary.clone(), source })?;
        let slots = Slots::new(kernels, config.first_uid);
        let nursery = Nursery::start(binary, plain, preloaded);
        let origin = nursery.plain().await?;
        let (reaper, dead) = mpsc::unbounded_channel();
        let reaping = tokio::spawn(reap(dead));
        let host = Self {
            pool: Pool::new(config.max_kernels.max(1)),
            folders: IdleFolders::new(config.max_kernels),
            commands: Semaphore::new(config.max_kernels.max(1)),
            config,
            store,
            run_dir,
            slots,
            nursery,
            variables: Arc::default(),
            memory: Memory::new(),
            memory_kills: MemoryKills::watch(),
            reaper: Mutex::new(Some(reaper)),
            reaping: Mutex::new(Some(reaping)),
            closed: AtomicBool::new(false),
            python: Arc::clone(&origin.zygote.python),
        };
        let steps = host.try_out(&origin).await.map_err(|error| HostError::Trial(error.into()))?;
        confinement::log_steps(&steps);
        let host = Arc::new(host);
        if let Some((store, every)) = sweeps {
            host.start_sweeping(store, every);
        }
        Ok(host)
    }

    /// Ends every kernel and the zygotes, and empties the folder of kernels. Runs that are going on end with an error.
    pub async fn shutdown(&self) {
        self.closed.store(true, Ordering::SeqCst);
        drop(self.pool.close_all());
        self.folders.clear();
        self.variables.clear();
        self.nursery.shutdown().await;
        drop(self.reaper.lock().take());
        let reaping = self.reaping.lock().take();
        if let Some(reaping) = reaping {
            let _ = tokio::time::timeout(REAP_TIME, reaping).await;
        }
        if let Err(error) = self.run_dir.clear() {
            tracing::warn!(%error, "the folder of kernels is not empty");
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The version of the Python that runs, such as `3.13.0`.
    pub fn runtime(&self) -> &str {
        &self.python
    }

    /// Runs a job with its own access to the bucket.
    pub async fn run_with(&self, store: Arc<dyn ObjectStore>, job: Job) -> Result<Outcome, RunError> {
        let turn = self.pool.turn(job.sandbox, &job.head.manifest.org, job.deadline).await.ok_or(RunError::Busy)?;
        if self.is_closed() {
            return Err(RunError::failed("the host is shutting down"));
        }
        let epoch = job.head.manifest.epoch;
        let (memory, most) = (self.memory.clone(), self.config.disk_bytes);
        let storage = Storage { store, sandbox: job.sandbox, epoch, memory, most };
        // Whoever drops this future midway, or closes the turn, drops the kernel, which kills it once the work has begun.
        tokio::select! {
            outcome = self.run_in_turn(&job, &storage, &turn) => outcome,
            () = turn.closing() => Err(RunError::failed("the sandbox's kernel was discarded")),
        }
    }

    /// The whole of one job, within the sandbox's turn.
    async fn run_in_turn(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
    ) -> Result<Outcome, RunError> {
        let Finished { mut kernel, mut folder, at_rest, start, end } = self.work(job, storage, turn).await?;
        let (parent, snapshot) = (Arc::clone(&start.parent), folder.take_snapshot());
        let before = Before { manifest: parent, snapshot, kernel: kernel.as_ref().map(|kernel| kernel.family.kernel) };
        self.make_room(folder.slot.path());
        let harvest = harvest_and_store(Arc::clone(&folder.slot), storage, before, self.config.quota());
        let exchange = kernel.as_ref().and_then(|kernel| kernel.exchange.clone());
        let values = variables::store(exchange, end.variables(), &start.parent.groups, storage);
        // Giving up here drops the kernel, and with it what the code has done.
        let until = tokio::time::Instant::from_std(job.deadline);
        let stored = async { futures::try_join!(harvest, values) };
        let stored = tokio::time::timeout_at(until, stored).await.map_err(|_| RunError::TooLate)?;
        let ((harvested, snapshot), values) = stored?;
        if let (Some(kernel), Some(values)) = (&mut kernel, &values) {
            self.variables.keep_exchange(storage, kernel, values).map_err(RunError::failed)?;
        }
        let at_rest = at_rest && !harvested.too_much;
        let (manifest, report) = outcome::of(start, end, harvested, values);
        let folder = folder.holding(Arc::clone(&manifest.files), snapshot);
        if at_rest {
            let same = manifest.has_variables_of(&job.head.manifest);
            let variables_at = if same { job.head.manifest.variables_at } else { Some(job.commit) };
            self.put_away(kernel, folder, variables_at, turn).await;
        }
        Ok(Outcome { parent: job.head.position, manifest, report })
    }

    /// Keeps what the next job can use: the kernel, if it lives and has come to a stop, or the folder of a sandbox without one.
    async fn put_away(
        &self,
        kernel: Option<Kernel>,
        folder: HeldFolder,
        variables_at: Option<CommitId>,
        turn: &Turn<'_, IdleKernel>,
    ) {
        let Some(mut kernel) = kernel else { return self.put_folder_back(folder, turn) };
        if kernel.exit.is_known() || !comes_to_stop(&kernel.family).await {
            return;
        }
        self.put_back(IdleKernel { kernel, variables_at, folder }, turn);
    }
}

impl KernelHost {
    /// Waits until kernels start with the usual packages, for so long at most.
    pub async fn warm_up(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.nursery.settled()).await;
    }
}

impl Interpreter for KernelHost {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Outcome, RunError>> {
        Box::pin(async move {
            let store = self.store.clone().ok_or_else(|| RunError::failed("this host has no bucket of its own"))?;
            self.run_with(store, job).await
        })
    }

    fn discard<'a>(&'a self, sandbox: &'a SandboxId) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // In this order: a job that is told to end puts no kernel back.
            self.pool.close(sandbox);
            drop(self.pool.take(sandbox));
            drop(self.folders.take(sandbox));
            self.variables.forget(sandbox);
        })
    }
}
