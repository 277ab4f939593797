//! Prepares the kernel that a job runs in: the idle one as it is, the idle one with changed files, or a new one.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use sandcastle::{
    WorkingPath,
    entry::difference,
    interpreter::{Job, RunError, Work},
    manifest::{Node, WorkingFile},
    store::StoreError,
};
use sandcastle_protocol::{LostName, Program, Start, Step, StepReport, ToKernel};
use sandcastle_runtime::{chain, millis};
use tokio::sync::mpsc;

use super::{
    KernelHost,
    lease::Lease,
    run_error,
    states::{IdleKernel, ReadyKernel},
};
use crate::{
    folder::{FolderError, Snapshot, Storage, restore},
    kernel::{
        Ending, Kernel, ProgramCell, StartError,
        pool::{Seat, Turn},
        processes,
        slot::Slot,
        zygote::Zygote,
    },
    run::outcome::StartState,
};

/// So many attempts to start a kernel: it, or its zygote, may have been killed while it started.
const ATTEMPTS: u32 = 5;

impl KernelHost {
    /// A kernel at the job's head.
    pub(super) async fn prepare(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
    ) -> Result<ReadyKernel, RunError> {
        if let Some(lease) = Lease::take(self, turn) {
            match self.catch_up(lease, job, storage).await? {
                Some(ready) => return Ok(ready),
                // Only an entry that was read now tells that a kernel is of no more use; this one was ended.
                None if job.fresh => {}
                None => return Err(RunError::Stale),
            }
        }
        self.start_kernel(job, storage).await
    }

    /// The idle kernel at the job's head. `None`: it has other variables than the head names. Then it is ended where the head was
    /// read for this job, and goes back to the pool otherwise.
    async fn catch_up(
        &self,
        mut lease: Lease<'_>,
        job: &Job,
        storage: &Storage,
    ) -> Result<Option<ReadyKernel>, RunError> {
        let parent = Arc::clone(&job.head.manifest);
        let Some(idle) = lease.kernel() else { return Ok(None) };
        if idle.variables_at != parent.variables_at {
            if job.fresh {
                drop(lease.keep());
            }
            return Ok(None);
        }
        let mut changes = changed_files(&idle.files, &parent.files);
        for path in &idle.unsure {
            changes.insert(path.clone(), parent.files.get(path).cloned());
        }
        if !changes.is_empty() {
            // The folder is written to, so the kernel must certainly be stopped.
            if !processes::stop_and_end_children(idle.kernel.pid, &idle.kernel.process).await.unwrap_or(false) {
                drop(lease.keep());
                return self.start_kernel(job, storage).await.map(Some);
            }
            idle.unsure.extend(changes.keys().cloned());
            // What fails here, or is cut off, is done again by the next job.
            let later =
                restore(&idle.kernel.slot, storage, changes).await.map_err(|error| restore_error(error, job))?;
            idle.snapshot = std::mem::take(&mut idle.snapshot).updated(later);
            idle.files = Arc::clone(&parent.files);
            idle.unsure.clear();
        }
        let Some(IdleKernel { kernel, snapshot, .. }) = lease.keep() else { return Ok(None) };
        Ok(Some(ReadyKernel { kernel, snapshot, start: StartState::warm(parent) }))
    }

    /// A new kernel in a new folder with the head's files.
    async fn start_kernel(&self, job: &Job, storage: &Storage) -> Result<ReadyKernel, RunError> {
        let mut attempt = 1;
        loop {
            match self.try_start_kernel(job, storage).await {
                Err(RunError::Failed(why)) if attempt < ATTEMPTS => {
                    tracing::warn!(why = chain(&*why), "kernel not started, trying again");
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn try_start_kernel(&self, job: &Job, storage: &Storage) -> Result<ReadyKernel, RunError> {
        let began = Instant::now();
        let zygote = self.nursery.best_for(code_of(&job.work)).await.map_err(StartError::Zygote);
        let zygote = zygote.map_err(RunError::failed)?;
        let parent = Arc::clone(&job.head.manifest);
        let seat = self.pool.seat(job.deadline).await.ok_or(RunError::Busy)?;
        let slot = Arc::new(self.slots.create().map_err(|error| RunError::failed(StartError::Folder(error)))?);
        let files = async {
            if parent.files.is_empty() {
                return Ok(Snapshot::default());
            }
            let all = parent.files.iter().map(|(path, node)| (path.clone(), Some(node.clone()))).collect();
            restore(&slot, storage, all).await.map_err(|error| restore_error(error, job))
        };
        let fork = async { self.fork(&zygote, Arc::clone(&slot), seat).await.map_err(RunError::failed) };
        let (mut kernel, snapshot) = futures::try_join!(fork, files)?;
        let start = StartState::cold(parent);
        kernel.begin(first_frame(&start)).await.map_err(RunError::failed)?;
        tracing::info!(slot = kernel.slot.number, ms = millis(began.elapsed()), "kernel started");
        Ok(ReadyKernel { kernel, snapshot, start })
    }

    async fn fork(&self, zygote: &Zygote, slot: Arc<Slot>, seat: Seat) -> Result<Kernel, StartError> {
        Kernel::fork(zygote, slot, seat, self.reaper()?).await
    }

    /// Starts a process for a command among the files of a kernel that is stopped.
    pub(super) async fn start_program(&self, kernel: &Kernel, program: Program) -> Result<ProgramCell, StartError> {
        let zygote = self.nursery.plain().await.map_err(StartError::Zygote)?;
        let mut cell = Kernel::fork_program(&zygote, Arc::clone(&kernel.slot), self.reaper()?).await?;
        let steps = cell.child.begin(ToKernel::Program(program)).await?.steps;
        cell.alone = steps.iter().any(|step| step.step == Step::PidNamespace && step.held);
        Ok(cell)
    }

    fn reaper(&self) -> Result<mpsc::UnboundedSender<Ending>, StartError> {
        self.reaper.lock().clone().ok_or(StartError::ShuttingDown)
    }

    /// Starts a kernel and ends it again. What confined it.
    pub(super) async fn try_out(&self, zygote: &Zygote) -> Result<Vec<StepReport>, StartError> {
        // There is always a seat: nothing runs yet.
        let seat = self.pool.seat(Instant::now()).await.ok_or(StartError::ShuttingDown)?;
        let slot = Arc::new(self.slots.create().map_err(StartError::Folder)?);
        Ok(self.fork(zygote, slot, seat).await?.begin(ToKernel::Start(Start::default())).await?.steps)
    }
}

type Files = Arc<BTreeMap<WorkingPath, Node>>;

/// What changes in a folder from `old` to `new`: not the files that were only stored again.
fn changed_files(old: &Files, new: &Files) -> BTreeMap<WorkingPath, Option<Node>> {
    if Arc::ptr_eq(old, new) {
        return BTreeMap::new();
    }
    let mut changes = difference(old, new);
    changes.retain(|path, node| match (old.get(path), node) {
        (Some(Node::File(old)), Some(Node::File(new))) => {
            WorkingFile { stored_at: new.stored_at, ..old.clone() } != *new
        }
        _ => true,
    });
    changes
}

/// A file that is missing in the bucket, by an entry that was not read now, may be a stop's work.
fn restore_error(error: FolderError, job: &Job) -> RunError {
    match error {
        FolderError::Store(StoreError::Missing { .. }) if !job.fresh => RunError::Stale,
        error => run_error(error),
    }
}

/// What decides which zygote is best.
fn code_of(work: &Work) -> &str {
    match work {
        Work::Cell { code, .. } => code.as_str(),
        Work::Command(_) => "",
    }
}

fn first_frame(start: &StartState) -> ToKernel {
    let parent = &start.parent;
    let env = parent.env.iter().map(|(name, value)| (name.to_string(), value.as_ref().map(ToString::to_string)));
    let lost = start.lost.iter().map(|(name, reason)| LostName { name: name.to_string(), reason: reason.clone() });
    ToKernel::Start(Start {
        cwd: Some(parent.cwd.to_string()).filter(|cwd| !cwd.is_empty()),
        env: env.collect(),
        lost: lost.collect(),
        calls_before: parent.calls,
    })
}
