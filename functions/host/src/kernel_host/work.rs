//! What a job runs: code in its sandbox's kernel, or a command beside a kernel that stands still.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sandcastle::interpreter::{Command, CommandKind, Job, RunError, Work};
use sandcastle_protocol::{Ended, Program, Shell};
use sandcastle_runtime::{chain, millis};

use super::{Brought, Errand, KernelHost};
use crate::{
    kernel::processes,
    run::{
        code::{self, Call, End},
        command,
        outcome::{Measured, Outcome},
    },
};

/// Of the time that is left, one part in so many is kept for storing and committing, and at most so much.
const RESERVE: (u32, Duration) = (10, Duration::from_secs(5));
/// So many kernels may die before the code has begun.
const MAX_TRIES: u32 = 3;
/// Less time than this is none.
const LEAST_TIME: Duration = Duration::from_millis(50);

/// Work that has ended, before its files are stored.
pub(super) struct Worked {
    /// The kernel, and what the work began with.
    pub(super) brought: Brought,
    /// The kernel lives and stands still, and nothing that it or a command started lives.
    pub(super) rests: bool,
    /// What it came to.
    pub(super) outcome: Outcome,
}

impl KernelHost {
    /// Does a job's work.
    pub(super) async fn work(&self, job: &Errand) -> Result<Worked, RunError> {
        match &job.work {
            Work::Cell { code, display_last } => self.run_code(job, code, *display_last).await,
            Work::Command(command) => self.run_command(job, command).await,
        }
    }

    async fn run_code(&self, job: &Errand, code: &str, display_last: bool) -> Result<Worked, RunError> {
        let (brought, code::Ran { end, output, took, .. }, limit) = self.try_code(job, code, display_last).await?;
        let measured = Measured {
            took,
            limit,
            memory_bytes: processes::resident_bytes(brought.kernel.pid),
            out_of_memory: self.was_out_of_memory(&end),
            python: Arc::clone(&brought.kernel.python),
        };
        tracing::debug!(slot = brought.kernel.slot.number, ms = millis(took), end = end.in_words(), "code ended");
        let rests = matches!(end, End::Done(_));
        Ok(Worked { brought, rests, outcome: Outcome::Cell { end, output, measured } })
    }

    /// Runs the code in a kernel that stands at the job's head. A kernel may have died while it stood still; then the code
    /// has not begun, and another kernel takes over.
    async fn try_code(
        &self,
        job: &Errand,
        code: &str,
        display_last: bool,
    ) -> Result<(Brought, code::Ran, Duration), RunError> {
        let mut tries = 0;
        loop {
            let mut brought = self.bring_in_time(job).await?;
            let limit = self.limit(job)?;
            let call = Call { code, display_last, limit, grace: self.config.grace };
            let ran = code::run(&mut brought.kernel, call).await;
            tries += 1;
            if ran.begun || !matches!(ran.end, End::Died(_)) || tries == MAX_TRIES {
                return Ok((brought, ran, limit));
            }
        }
    }

    async fn run_command(&self, job: &Errand, command: &Command) -> Result<Worked, RunError> {
        let mut brought = self.bring_in_time(job).await?;
        // One that has just been forked has never been stopped.
        let rests = processes::quieten(brought.kernel.pid, &brought.kernel.process).await.unwrap_or(false);
        if !rests {
            brought.kernel.kill().await;
        }
        // Nor does one without the sandbox's variables take the place of one that may have them elsewhere.
        let has_variables = brought.start.newly_lost.is_empty();
        let shell = match command.kind {
            CommandKind::Bash => Shell::Bash,
            CommandKind::Python => Shell::Python,
        };
        let program = Program { shell, source: command.source.clone(), env: command.env.clone() };
        let until = tokio::time::Instant::from_std(job.deadline);
        let started = tokio::time::timeout_at(until, self.start_program(&brought.kernel, program)).await;
        let started = started.map_err(|_| RunError::NoTime)?;
        let cell = started.map_err(|error| RunError::Kernel { what: chain(&error) })?;
        let mut ran = command::run(cell, self.limit(job)?).await;
        // Asked in any case: a kill that is not this command's must not be taken for the next one's.
        if self.memory_kills.happened() && ran.was_killed() {
            ran.error = Some("MemoryError('the command was killed: out of memory')".into());
        }
        let python = Arc::clone(&brought.kernel.python);
        let rests = rests && has_variables && ran.nothing_left;
        Ok(Worked { brought, rests, outcome: Outcome::Command { ran, python } })
    }

    async fn bring_in_time(&self, job: &Errand) -> Result<Brought, RunError> {
        let until = tokio::time::Instant::from_std(job.deadline);
        tokio::time::timeout_at(until, self.bring(job)).await.map_err(|_| RunError::NoTime)?
    }

    /// How long the work may take: what is left of the call's time, less what ending, storing and committing take.
    fn limit(&self, job: &Job) -> Result<Duration, RunError> {
        let left = job.deadline.saturating_duration_since(Instant::now());
        let (part, most) = RESERVE;
        let reserve = (left / part).min(most) + (left / part).min(self.config.grace);
        let limit = job.limit.min(left.saturating_sub(reserve));
        if left < LEAST_TIME || limit.is_zero() { Err(RunError::NoTime) } else { Ok(limit) }
    }

    fn was_out_of_memory(&self, end: &End) -> bool {
        const SIGKILL: i32 = rustix::process::Signal::KILL.as_raw();
        matches!(end, End::Died(Some(Ended::Signaled { signal: SIGKILL }))) && self.memory_kills.happened()
    }
}
