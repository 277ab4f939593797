//! What a job runs: code in its sandbox's kernel, or a command beside a kernel that is stopped.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sandcastle::{
    Command, CommandKind,
    interpreter::{Job, RunError, Work},
};
use sandcastle_protocol::{Ended, Program, Shell};
use sandcastle_runtime::millis;
use tokio::time::timeout_at;

use super::{
    KernelHost,
    states::{Finished, IdleKernel, ReadyFolder, ReadyKernel},
};
use crate::{
    folder::Storage,
    kernel::{family::stop_and_end_children, pool::Turn, processes, slot::Slot, usage::Excess},
    run::{
        alarm::Timing,
        code::{self, Cell, CodeEnd, End},
        command,
        guard::Guarded,
        outcome::{Measured, WorkEnd},
        start_state::StartState,
    },
    text,
};

/// Of the time that is left, one part in so many is kept for storing and committing, and at most so much.
const RESERVE: (u32, Duration) = (10, Duration::from_secs(5));
/// So many kernels may die before the code has begun.
const MAX_TRIES: u32 = 3;
/// With less time than this nothing is begun.
const LEAST_TIME: Duration = Duration::from_millis(50);

impl KernelHost {
    /// Does a job's work.
    pub(super) async fn work(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
    ) -> Result<Finished, RunError> {
        match &job.work {
            Work::Cell { code, display_last } => self.run_code(job, storage, turn, code.as_str(), *display_last).await,
            Work::Command(command) => self.run_command(job, storage, turn, command).await,
        }
    }

    async fn run_code(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
        code: &str,
        display_last: bool,
    ) -> Result<Finished, RunError> {
        let (ready, code_end, limit) = self.try_code(job, storage, turn, code, display_last).await?;
        let ReadyKernel { kernel, folder, start, .. } = ready;
        let CodeEnd { end, output, took, excess, .. } = code_end;
        let measured = Measured {
            took,
            limit,
            memory_bytes: processes::resident_bytes(kernel.family.kernel),
            excess: excess.or_else(|| self.was_out_of_memory(&end).then_some(Excess::Memory)),
            python: Arc::clone(&kernel.python),
        };
        tracing::debug!(slot = kernel.slot.number, ms = millis(took), end = end.in_words(), "code ended");
        let kernel = matches!(&end, End::Done(_)).then_some(kernel);
        let at_rest = kernel.is_some();
        Ok(Finished { kernel, folder, at_rest, start, end: WorkEnd::Cell { end, output, measured } })
    }

    /// Runs the code in a kernel at the job's head. A kernel may have died while it was stopped; then the code has not begun,
    /// and another kernel takes over. So it does when the code misses a variable that the kernel has not restored: it runs again
    /// where all are restored.
    async fn try_code(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
        code: &str,
        display_last: bool,
    ) -> Result<(ReadyKernel, CodeEnd, Duration), RunError> {
        let (mut tries, mut everything) = (0, false);
        loop {
            let prepare = self.prepare(job, storage, turn);
            let (mut ready, limit) = self.in_time(job, turn, prepare, ReadyKernel::unused).await?;
            let left = job.deadline.saturating_duration_since(Instant::now());
            let store_until = Instant::now() + limit + left.saturating_sub(limit) / 2;
            let timing = Timing { limit, grace: self.config.grace, store_until };
            let cell = Cell {
                code,
                display_last,
                stored: ready.stored.take(),
                everything,
                vault: &ready.vault,
                guarded: self.guarded(&ready.folder.slot),
            };
            let mut ended = code::run(&mut ready.kernel, cell, timing).await;
            tries += 1;
            match ended.end {
                End::NotRun(why) => {
                    self.give_back(ready.unused(), turn);
                    return Err(why);
                }
                // What this run has done is dropped with its kernel and its folder.
                End::Done(done) if done.missed && !everything => everything = true,
                End::Done(done) if done.missed => {
                    ready.kernel.kill().await;
                    ended.end = End::Broke("misses a variable that it has");
                    return Ok((ready, ended, limit));
                }
                End::Died(_) if !ended.begun && tries < MAX_TRIES => {}
                _ => return Ok((ready, ended, limit)),
            }
        }
    }

    async fn run_command(
        &self,
        job: &Job,
        storage: &Storage,
        turn: &Turn<'_, IdleKernel>,
        command: &Command,
    ) -> Result<Finished, RunError> {
        let until = tokio::time::Instant::from_std(job.deadline);
        let in_time = timeout_at(until, self.commands.acquire()).await;
        let _seat = in_time.ok().and_then(Result::ok).ok_or(RunError::Busy)?;
        let prepare = self.prepare_folder(job, storage, turn);
        let unused = |ready: ReadyFolder| ready.unused(&job.head.manifest);
        let (mut ready, limit) = self.in_time(job, turn, prepare, unused).await?;
        let mut alone = true;
        if let Some(kernel) = &mut ready.kernel
            && !stop_and_end_children(&kernel.family).await.unwrap_or(false)
        {
            kernel.kill().await;
            (ready.kernel, alone) = (None, false);
        }
        let forked = timeout_at(until, self.fork_program(&ready.folder.slot)).await.map_err(|_| RunError::NoTime);
        let mut cell = match forked.and_then(|cell| cell.map_err(RunError::failed)) {
            Ok(cell) => cell,
            Err(error) => {
                self.give_back(ready.unused(&job.head.manifest), turn);
                return Err(error);
            }
        };
        // When this fails, the command may have begun all the same: the folder is no more what is known of it, and goes.
        let began = timeout_at(until, cell.begin(program(command))).await.map_err(|_| RunError::NoTime);
        began?.map_err(RunError::failed)?;
        let python = Arc::clone(&cell.child.python);
        let mut command = command::run(cell, limit, self.guarded(&ready.folder.slot)).await;
        // Asked in any case: a kill that is not this command's must not be taken for the next one's.
        if self.memory_kills.happened() && command.was_killed() {
            command.error = Some(text::excess("command", Excess::Memory));
        }
        let (ReadyFolder { kernel, folder }, at_rest) = (ready, alone && command.nothing_left);
        let start = StartState::warm(Arc::clone(&job.head.manifest));
        Ok(Finished { kernel, folder, at_rest, start, end: WorkEnd::Command { command, python } })
    }

    /// What a job's work needs, and how long that may take. When that is no time, the kernel, in which nothing has run, goes back to
    /// the pool.
    async fn in_time<R>(
        &self,
        job: &Job,
        turn: &Turn<'_, IdleKernel>,
        prepare: impl Future<Output = Result<R, RunError>>,
        unused: impl FnOnce(R) -> Option<IdleKernel>,
    ) -> Result<(R, Duration), RunError> {
        // Before a kernel is touched.
        self.limit(job)?;
        let until = tokio::time::Instant::from_std(job.deadline);
        let ready = timeout_at(until, prepare).await.map_err(|_| RunError::NoTime)??;
        match self.limit(job) {
            Ok(limit) => Ok((ready, limit)),
            Err(error) => {
                self.give_back(unused(ready), turn);
                Err(error)
            }
        }
    }

    fn give_back(&self, idle: Option<IdleKernel>, turn: &Turn<'_, IdleKernel>) {
        if let Some(idle) = idle {
            self.put_back(idle, turn);
        }
    }

    /// How long the work may take: what is left of the call's time, less what ending, storing and committing take.
    fn limit(&self, job: &Job) -> Result<Duration, RunError> {
        let left = job.deadline.saturating_duration_since(Instant::now());
        let (part, most) = RESERVE;
        let reserve = (left / part).min(most) + (left / part).min(self.config.grace);
        let limit = job.limit.min(left.saturating_sub(reserve));
        if left < LEAST_TIME || limit.is_zero() { Err(RunError::NoTime) } else { Ok(limit) }
    }

    /// What the sandbox in this folder may use.
    fn guarded(&self, slot: &Slot) -> Guarded {
        Guarded { quota: self.config.quota(), folders: vec![slot.files(), slot.temporary()] }
    }

    fn was_out_of_memory(&self, end: &End) -> bool {
        const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();
        matches!(end, End::Died(Some(Ended::Signaled { signal: SIGKILL }))) && self.memory_kills.happened()
    }
}

fn program(command: &Command) -> Program {
    let shell = match command.kind() {
        CommandKind::Bash => Shell::Bash,
        CommandKind::Python => Shell::Python,
    };
    let env = command.env().iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Program { shell, source: command.text().to_owned(), env }
}
