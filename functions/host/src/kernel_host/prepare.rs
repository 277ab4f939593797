//! Prepares the kernel that a job runs in: the idle one as it is, the idle one with changed files, or a new one.

use std::{sync::Arc, time::Instant};

use sandcastle::{
    entry::{Position, difference},
    interpreter::{Job, RunError, Work},
};
use sandcastle_protocol::{LostName, Program, Start, Step, StepReport, ToKernel};
use sandcastle_runtime::{chain, millis};
use tokio::sync::mpsc;

use super::{IdleKernel, KernelHost, ReadyKernel, run_error};
use crate::{
    folder::{Snapshot, Storage, restore},
    kernel::{Ending, Kernel, ProgramCell, StartError, pool::Seat, processes, slot::Slot, zygote::Zygote},
    run::outcome::StartState,
};

/// Entries that an idle kernel may be behind; further back it is replaced.
const MAX_BEHIND: u64 = 64;
/// So many attempts to start a kernel: it, or its zygote, may have been killed while it started.
const ATTEMPTS: u32 = 5;

impl KernelHost {
    /// A kernel at the job's head.
    pub(super) async fn prepare(&self, job: &Job, storage: &Storage) -> Result<ReadyKernel, RunError> {
        if let Some(mut idle) = self.pool.take(&job.sandbox)
            && !idle.kernel.exit.is_known()
            && let Some(ready) = self.catch_up(idle, job, storage).await?
        {
            return Ok(ready);
        }
        self.start_kernel(job, storage).await
    }

    /// The idle kernel at the job's head. `None`: it cannot catch up, and is ended.
    async fn catch_up(&self, idle: IdleKernel, job: &Job, storage: &Storage) -> Result<Option<ReadyKernel>, RunError> {
        let IdleKernel { kernel, at, snapshot, manifest } = idle;
        let parent = Arc::clone(&job.head.manifest);
        if at == job.head.position {
            return Ok(Some(ReadyKernel { kernel, snapshot, start: StartState::warm(parent) }));
        }
        if manifest.epoch != parent.epoch || !only_files_since(at, job, storage).await? {
            return Ok(None);
        }
        // The folder is written to, so the kernel must certainly be stopped.
        if !processes::stop_and_end_children(kernel.pid, &kernel.process).await.unwrap_or(false) {
            return Ok(None);
        }
        let changes = difference(&manifest.files, &parent.files);
        match restore(&kernel.slot, storage, changes).await {
            Ok(later) => {
                let (snapshot, start) = (snapshot.updated(later), StartState::warm(parent));
                Ok(Some(ReadyKernel { kernel, snapshot, start }))
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "working files not applied to an idle kernel");
                Ok(None)
            }
        }
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
            restore(&slot, storage, all).await.map_err(run_error)
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

/// True when the job's head follows from `at` by changes to working files alone.
async fn only_files_since(at: Position, job: &Job, storage: &Storage) -> Result<bool, RunError> {
    let head = job.head.position;
    if head.seq <= at.seq || head.seq - at.seq > MAX_BEHIND {
        return Ok(false);
    }
    let (mut parent, ledger) = (at, storage.ledger());
    for seq in at.seq + 1..=head.seq {
        let Some(entry) = ledger.read(&job.sandbox, seq).await? else { return Ok(false) };
        if entry.parent != Some(parent.commit_id) || !entry.change.only_files() {
            return Ok(false);
        }
        parent = entry.position;
    }
    Ok(parent == head)
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
