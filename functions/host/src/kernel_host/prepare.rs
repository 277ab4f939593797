//! Prepares what a job runs in. For code, a kernel: the idle one as it is, the idle one with changed files, or a new one. For a
//! command, a folder.

use std::{sync::Arc, time::Instant};

use sandcastle::{
    Name,
    interpreter::{Job, RunError, Work},
    variables::GroupKind,
};
use sandcastle_protocol::{LostName, Start, StepReport, ToKernel, needed_by, needed_to_restore};
use sandcastle_runtime::{chain, millis};
use tokio::sync::mpsc;

use super::{
    KernelHost,
    held_folder::HeldFolder,
    lease::Lease,
    states::{IdleKernel, ReadyFolder, ReadyKernel},
};
use crate::{
    folder::{FolderError, Storage},
    kernel::{
        Ending, Kernel, ProgramCell, StartError,
        family::stop_and_end_children,
        nursery::Origin,
        pool::{Seat, Turn},
        slot::Slot,
    },
    run::start_state::StartState,
    variables::Vault,
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
        match self.idle_kernel(job, storage, turn).await? {
            Some(IdleKernel { kernel, folder, .. }) => {
                let start = StartState::warm(Arc::clone(&job.head.manifest));
                let vault = self.vault(job, storage, &folder);
                Ok(ReadyKernel { kernel, folder, start, stored: None, vault })
            }
            None => self.start_kernel(job, storage).await,
        }
    }

    fn vault(&self, job: &Job, storage: &Storage, folder: &HeldFolder) -> Vault {
        Vault {
            groups: Arc::clone(&job.head.manifest.groups),
            storage: storage.clone(),
            cache: Arc::clone(&self.variables),
            folder: folder.slot.path().to_owned(),
        }
    }

    /// The sandbox's folder at the job's head, with its kernel, if it has one here.
    pub(super) async fn prepare_folder(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
    ) -> Result<ReadyFolder, RunError> {
        if let Some(IdleKernel { kernel, folder, .. }) = self.idle_kernel(job, storage, turn).await? {
            return Ok(ReadyFolder { kernel: Some(kernel), folder });
        }
        let mut folder = self.folder_of(job).map_err(RunError::failed)?;
        let changes = folder.changes_to(job);
        folder.bring_to(job, storage, changes).await?;
        Ok(ReadyFolder { kernel: None, folder })
    }

    /// The sandbox's idle kernel at the job's head. `None`: there is none, or it was of no more use, and was ended.
    async fn idle_kernel(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
    ) -> Result<Option<IdleKernel>, RunError> {
        let Some(mut lease) = Lease::take(self, turn) else { return Ok(None) };
        let Some(IdleKernel { kernel, variables_at, folder }) = lease.kernel() else { return Ok(None) };
        if *variables_at != job.head.manifest.variables_at {
            if !job.fresh {
                // Only an entry that was read now tells that a kernel is of no more use.
                return Err(RunError::Stale);
            }
            drop(lease.keep());
            return Ok(None);
        }
        let changes = folder.changes_to(job);
        if !changes.is_empty() {
            // The folder is written to, so the kernel must certainly be stopped.
            if !stop_and_end_children(&kernel.family).await.unwrap_or(false) {
                drop(lease.keep());
                return Ok(None);
            }
            folder.bring_to(job, storage, changes).await?;
        }
        Ok(lease.keep())
    }

    /// The folder that the sandbox has here, or a new one.
    fn folder_of(&self, job: &Job) -> Result<HeldFolder, StartError> {
        if let Some(folder) = self.folders.take(&job.sandbox) {
            return Ok(folder);
        }
        Ok(HeldFolder::new(Arc::new(self.slots.create().map_err(StartError::Folder)?), self.reaper()?))
    }

    /// A new kernel in a folder with the head's files.
    async fn start_kernel(&self, job: &Job, storage: &Storage) -> Result<ReadyKernel, RunError> {
        let mut attempt = 1;
        loop {
            match self.try_start_kernel(job, storage, attempt > 1).await {
                Err(RunError::Failed(why)) if attempt < ATTEMPTS => {
                    tracing::warn!(why = chain(&*why), "kernel not started, trying again");
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    async fn try_start_kernel(&self, job: &Job, storage: &Storage, again: bool) -> Result<ReadyKernel, RunError> {
        let began = Instant::now();
        let origin = self.nursery.best_for(needed_modules(job), again).await.map_err(StartError::Zygote);
        let origin = origin.map_err(RunError::failed)?;
        let seat = self.pool.seat(&job.head.manifest.org, job.deadline).await.ok_or(RunError::Busy)?;
        let mut folder = self.folder_of(job).map_err(RunError::failed)?;
        let slot = Arc::clone(&folder.slot);
        let changes = folder.changes_to(job);
        let fork = async {
            let asked = Instant::now();
            let kernel = self.fork(&origin, slot, seat).await.map_err(RunError::failed)?;
            Ok((kernel, asked.elapsed()))
        };
        let vault = self.vault(job, storage, &folder);
        let stored = async { vault.first().await.map_err(FolderError::while_reading) };
        let ((mut kernel, forking), stored, ()) =
            futures::try_join!(fork, stored, folder.bring_to(job, storage, changes))?;
        let start = StartState::cold(Arc::clone(&job.head.manifest));
        kernel.begin(first_frame(&start)).await.map_err(RunError::failed)?;
        let (slot, fork_ms) = (kernel.slot.number, forking.as_secs_f64() * 1000.0);
        tracing::info!(slot, fork_ms, ms = millis(began.elapsed()), "kernel started");
        Ok(ReadyKernel { kernel, folder, start, stored: Some(stored), vault })
    }

    async fn fork(&self, origin: &Origin, slot: Arc<Slot>, seat: Seat) -> Result<Kernel, StartError> {
        Kernel::fork(origin, slot, seat, self.reaper()?).await
    }

    /// Forks a process for a command into a folder, whose kernel is stopped.
    pub(super) async fn fork_program(&self, slot: &Arc<Slot>) -> Result<ProgramCell, StartError> {
        let origin = self.nursery.plain().await.map_err(StartError::Zygote)?;
        Kernel::fork_program(&origin, Arc::clone(slot), self.reaper()?).await
    }

    fn reaper(&self) -> Result<mpsc::UnboundedSender<Ending>, StartError> {
        self.reaper.lock().clone().ok_or(StartError::ShuttingDown)
    }

    /// Starts a kernel and ends it again. What confined it.
    pub(super) async fn try_out(&self, origin: &Origin) -> Result<Vec<StepReport>, StartError> {
        // There is always a seat: nothing runs yet.
        let nobody = Name::parse("nobody").map_err(|_| StartError::ShuttingDown)?;
        let seat = self.pool.seat(&nobody, Instant::now()).await.ok_or(StartError::ShuttingDown)?;
        let slot = Arc::new(self.slots.create().map_err(StartError::Folder)?);
        Ok(self.fork(origin, slot, seat).await?.begin(ToKernel::Start(Start::default())).await?.steps)
    }
}

/// How many of the modules that a zygote imports are needed: by the code, and by the variables that are restored before it runs.
fn needed_modules(job: &Job) -> usize {
    let Work::Cell { code, .. } = &job.work else { return 0 };
    let manifest = &job.head.manifest;
    let modules = manifest.groups.values().filter(|group| group.kind == GroupKind::Modules);
    let names = modules.flat_map(|group| &group.names).map(|name| name.as_str());
    let for_frames = (!manifest.dataframes.is_empty()).then_some("pandas");
    needed_by(code.as_str()).max(needed_to_restore(names.chain(for_frames)))
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
