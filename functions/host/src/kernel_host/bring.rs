//! Brings a kernel to where a run begins: the warm one as it is, the warm one with changed files, or a new one.

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use sandcastle::{
    entry::{Position, difference},
    interpreter::{RunError, Work},
};
use sandcastle_protocol::{LostName, Program, Start as FirstFrame, StepReport, ToKernel};
use sandcastle_runtime::{chain, millis};
use tokio::sync::mpsc;

use super::{Brought, Errand, KernelHost, Warm, run_error};
use crate::{
    folder::{Snapshot, restore},
    kernel::{Ending, Kernel, ProgramCell, StartError, pool::Seat, processes, slot::Slot, zygote::Zygote},
    run::outcome::Start,
};

/// Entries that a warm kernel may lie behind; further back it is replaced.
const MAX_BEHIND: u64 = 64;
/// So many tries to start a kernel: it, or its zygote, may have been killed while it started.
const ATTEMPTS: u32 = 5;

impl KernelHost {
    /// A kernel at the job's head.
    pub(super) async fn bring(&self, job: &Errand) -> Result<Brought, RunError> {
        if let Some(mut warm) = self.pool.take(&job.sandbox)
            && !warm.kernel.exit.is_sealed()
            && let Some(brought) = self.catch_up(warm, job).await?
        {
            return Ok(brought);
        }
        self.restore_kernel(job).await
    }

    /// The warm kernel at the job's head, unless it cannot be brought there; it is ended then.
    async fn catch_up(&self, warm: Warm, job: &Errand) -> Result<Option<Brought>, RunError> {
        let Warm { kernel, at, snapshot, manifest } = warm;
        let base = Arc::clone(&job.head.manifest);
        if at == job.head.position {
            return Ok(Some(Brought { kernel, snapshot, start: Start::warm(base) }));
        }
        if manifest.epoch != base.epoch || !self.only_files_since(at, job).await? {
            return Ok(None);
        }
        // The folder is written to, so the kernel has to stand still for certain.
        if !processes::quieten(kernel.pid, &kernel.process).await.unwrap_or(false) {
            return Ok(None);
        }
        let changes = difference(&manifest.files, &base.files);
        match restore(&kernel.slot, &self.storage(job), changes).await {
            Ok(later) => Ok(Some(Brought { kernel, snapshot: snapshot.updated(later), start: Start::warm(base) })),
            Err(error) => {
                tracing::warn!(error = chain(&error), "working files not applied to a warm kernel");
                Ok(None)
            }
        }
    }

    /// True when the job's head follows from `at` by changes to working files alone.
    async fn only_files_since(&self, at: Position, job: &Errand) -> Result<bool, RunError> {
        let head = job.head.position;
        if head.seq <= at.seq || head.seq - at.seq > MAX_BEHIND {
            return Ok(false);
        }
        let (mut parent, ledger) = (at, job.ledger());
        for seq in at.seq + 1..=head.seq {
            let Some(entry) = ledger.read(&job.sandbox, seq).await? else { return Ok(false) };
            if entry.parent != Some(parent.commit_id) || !entry.change.only_files() {
                return Ok(false);
            }
            parent = entry.position;
        }
        Ok(parent == head)
    }

    /// A new kernel in a new folder with the head's files.
    async fn restore_kernel(&self, job: &Errand) -> Result<Brought, RunError> {
        let mut attempt = 1;
        loop {
            match self.try_restore_kernel(job).await {
                Err(RunError::Kernel { what }) if attempt < ATTEMPTS => {
                    tracing::warn!(what, "kernel not started, trying again");
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn try_restore_kernel(&self, job: &Errand) -> Result<Brought, RunError> {
        let began = Instant::now();
        let failed = |what: String| RunError::Kernel { what };
        let zygote = self.nursery.best_for(code_of(&job.work)).await.map_err(|error| failed(chain(&*error)))?;
        let base = Arc::clone(&job.head.manifest);
        let seat = self.pool.seat(job.deadline).await.ok_or(RunError::Busy)?;
        let slot = Arc::new(self.slots.create().map_err(|error| failed(chain(&error)))?);
        let files = async {
            if base.files.is_empty() {
                return Ok(Snapshot::default());
            }
            let all = base.files.iter().map(|(path, node)| (path.clone(), Some(node.clone()))).collect();
            restore(&slot, &self.storage(job), all).await.map_err(run_error)
        };
        let fork = async { self.fork(&zygote, Arc::clone(&slot), seat).await.map_err(|error| failed(chain(&error))) };
        let (mut kernel, snapshot) = futures::try_join!(fork, files)?;
        let start = Start::cold(base);
        let frame = ToKernel::Start(FirstFrame {
            cwd: Some(start.base.cwd.clone()).filter(|cwd| !cwd.is_empty()),
            env: start.base.env.clone(),
            lost: lost_names(&start),
            calls_before: start.base.calls,
        });
        kernel.begin(frame).await.map_err(|error| failed(chain(&error)))?;
        tracing::info!(slot = kernel.slot.number, ms = millis(began.elapsed()), "kernel started");
        Ok(Brought { kernel, snapshot, start })
    }

    async fn fork(&self, zygote: &Zygote, slot: Arc<Slot>, seat: Seat) -> Result<Kernel, StartError> {
        Kernel::fork(zygote, slot, seat, self.reaper()?).await
    }

    /// Starts a process for a command among the files of a kernel that stands still.
    pub(super) async fn start_program(&self, kernel: &Kernel, program: Program) -> Result<ProgramCell, StartError> {
        let zygote = self.nursery.plain().await.map_err(|error| StartError::Fork(chain(&*error)))?;
        let mut cell = Kernel::fork_program(&zygote, Arc::clone(&kernel.slot), self.reaper()?).await?;
        let steps = cell.process.begin(ToKernel::Program(program)).await?.steps;
        cell.alone = steps.iter().any(|step| step.step == "pid_namespace" && step.held);
        Ok(cell)
    }

    fn reaper(&self) -> Result<mpsc::UnboundedSender<Ending>, StartError> {
        let reaper = self.reaper.lock().unwrap_or_else(PoisonError::into_inner).clone();
        reaper.ok_or_else(|| StartError::Fork("the host is shutting down".into()))
    }

    /// Starts a kernel and ends it again. What confined it.
    pub(super) async fn try_out(&self, zygote: &Zygote) -> Result<Vec<StepReport>, StartError> {
        let seat = self.pool.seat(Instant::now()).await.ok_or_else(|| StartError::Fork("no seat".into()))?;
        let slot = Arc::new(self.slots.create().map_err(|error| StartError::Fork(chain(&error)))?);
        Ok(self.fork(zygote, slot, seat).await?.begin(ToKernel::Start(FirstFrame::default())).await?.steps)
    }
}

/// What decides which zygote is best.
fn code_of(work: &Work) -> &str {
    match work {
        Work::Cell { code, .. } => code,
        Work::Command(_) => "",
    }
}

fn lost_names(start: &Start) -> Vec<LostName> {
    start.lost.iter().map(|(name, reason)| LostName { name: name.clone(), reason: reason.clone() }).collect()
}
