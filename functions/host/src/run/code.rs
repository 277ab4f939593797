//! Code in a kernel: the code goes in, the output is read while it runs, and the deadline is kept.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use sandcastle::interpreter::RunError;
use sandcastle_protocol::{Done, Ended, Execute, FrameError, FromKernel, StoredGroup, output::NONCE_LEN};
use sandcastle_runtime::millis;
use tokio::{sync::mpsc, time::timeout};

use super::{
    alarm::{Alarm, Phase, Rings, Timing},
    conversation::{Said, converse},
    guard::{self, Guarded},
    output::Output,
};
use crate::{
    kernel::{
        Kernel, drain,
        family::{Family, stop_and_end_children},
        usage::Excess,
    },
    text,
    variables::{Given, Vault},
};

/// How much output is read at once, in bytes.
pub(crate) const READ_LEN: usize = 64 * 1024;
/// A kernel that closed its frame socket may take so long to end by itself, so that how it ended is known.
const DYING_TIME: Duration = Duration::from_secs(2);

/// What running code came to.
pub(crate) struct CodeEnd {
    /// How it ended.
    pub(crate) end: End,
    /// False when the kernel ended before the code can have begun.
    pub(crate) begun: bool,
    /// What was printed, also before a death.
    pub(crate) output: Vec<String>,
    /// How long the code ran.
    pub(crate) took: Duration,
    /// What the sandbox had too much of, so that the kernel was killed.
    pub(crate) excess: Option<Excess>,
}

/// How the code ended.
pub(crate) enum End {
    /// The kernel answered; it is stopped now, and nothing that it started lives.
    Done(Box<Done>),
    /// The kernel has ended by itself; how, when anybody could tell.
    Died(Option<Ended>),
    /// The code, or restoring what it needs, did not end after the interrupt, and was killed.
    TimedOut {
        /// The code had not begun.
        restoring: bool,
    },
    /// The kernel did something that no kernel does, and was killed.
    Broke(&'static str),
    /// The variables that the code needs could not be read. The code has not run, and the kernel is as it was, and stopped.
    NotRun(RunError),
}

impl End {
    /// For the log.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Done(_) => "done".into(),
            Self::Died(Some(how)) => text::ended(*how),
            Self::Died(None) => "with its zygote".into(),
            Self::TimedOut { .. } => "killed at its limit".into(),
            Self::NotRun(_) => "not run".into(),
            Self::Broke(what) => format!("killed because it {what}"),
        }
    }
}

/// What a kernel is told to run.
pub(crate) struct Cell<'a> {
    /// Python source.
    pub(crate) code: &'a str,
    /// Show the value of a last bare expression.
    pub(crate) display_last: bool,
    /// What is stored; for a new kernel.
    pub(crate) stored: Option<Given<Vec<StoredGroup>>>,
    /// It needs all of that, whatever the code shows.
    pub(crate) everything: bool,
    /// Where it can ask for more.
    pub(crate) vault: &'a Vault,
    /// What the sandbox may use.
    pub(crate) guarded: Guarded,
}

/// Runs code in a kernel. When this is dropped midway, the kernel must be dropped too: it is in the middle of something.
pub(crate) async fn run(kernel: &mut Kernel, cell: Cell<'_>, timing: Timing) -> CodeEnd {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut output = Output::new(nonce);
    kernel.family.signal(Signal::CONT);
    let Cell { code, display_last, stored, everything, vault, guarded } = cell;
    let began = Instant::now();
    let (stored, mut files) = stored.map_or((None, Vec::new()), |given| (Some(given.told), given.files));
    let phase = if stored.is_some() { Phase::Restoring } else { Phase::Running };
    let new_exchange = kernel.new_exchange();
    kernel.calls += 1;
    let execute = Execute {
        call: kernel.calls,
        nonce: hex::encode(nonce),
        code: code.to_owned(),
        display_last,
        limit_ms: millis(timing.limit),
        new_exchange: new_exchange.is_some(),
        stored,
        everything,
    };
    files.splice(0..0, new_exchange);
    let mut alarm = Alarm::new(timing, phase);
    let mut excess = None;
    let execute = Given { told: execute, files };
    let end = talk(kernel, execute, vault, guarded, &mut excess, &mut output, &mut alarm).await;
    let took = alarm.code_ended().unwrap_or_else(Instant::now).duration_since(began);
    let end = match end {
        End::Done(_) | End::NotRun(_) => settle(kernel, end).await,
        End::Broke(_) | End::TimedOut { .. } => {
            kernel.kill().await;
            end
        }
        End::Died(_) => end,
    };
    // Nothing after the call's last record belongs to it.
    if !output.ended() {
        drain(&kernel.output, &mut vec![0; READ_LEN], |bytes| output.feed(bytes));
    }
    CodeEnd { end, begun: output.begun(), output: output.finish(), took, excess }
}

/// Until the kernel has answered, has ended, or must be ended.
async fn talk(
    kernel: &mut Kernel,
    execute: Given<Execute>,
    vault: &Vault,
    guarded: Guarded,
    excess: &mut Option<Excess>,
    output: &mut Output,
    alarm: &mut Alarm,
) -> End {
    let Kernel { frames, output: pipe, family, exit, calls, .. } = kernel;
    let family: &Family = family;
    let mut guard = pin!(guard::watch(family, guarded));
    let (tell, mut phases) = mpsc::unbounded_channel();
    let mut conversation = Box::pin(converse(frames, execute, vault, alarm.limit_at(), tell));
    let mut buffer = vec![0; READ_LEN];
    let mut pipe_open = true;
    loop {
        tokio::select! {
            // In this order: the kernel's last words come after the phases that it has told of.
            biased;
            Some(phase) = phases.recv() => alarm.enter(phase),
            said = &mut conversation => {
                if !closed(&said) {
                    return answer(said, *calls);
                }
                if let Ok(how) = timeout(DYING_TIME, exit.ended()).await {
                    return End::Died(how);
                }
                // It lives on, or its zygote is too busy to tell. Then it may have been killed before this call.
                family.kill();
                drain(pipe, &mut buffer, |bytes| output.feed(bytes));
                return if output.begun() { End::Broke("closed its socket") } else { End::Died(None) };
            }
            how = exit.ended() => return End::Died(how),
            found = &mut guard, if excess.is_none() => *excess = Some(found),
            _ = pipe.readable(), if pipe_open => match pipe.try_read(&mut buffer) {
                Ok(0) => pipe_open = false,
                Ok(n) => output.feed(buffer.get(..n).unwrap_or_default()),
                Err(_) => {}
            },
            rings = alarm.rings() => match rings {
                Rings::Interrupt => family.signal(Signal::INT),
                Rings::Kill { restoring } => return End::TimedOut { restoring },
            }
        }
    }
}

/// True when the kernel said no more. A dying kernel's socket closes before its zygote has reaped it.
fn closed(said: &Result<Said, FrameError>) -> bool {
    matches!(said, Ok(Said::Last(None)) | Err(FrameError::Io(_)))
}

/// What the kernel's words come to.
fn answer(said: Result<Said, FrameError>, call: u64) -> End {
    match said {
        // Code has answered an earlier call in the kernel's place, and this is the kernel's own answer to that.
        Ok(Said::Last(Some(FromKernel::Done(done)))) if done.call != call => End::Broke("answered another call"),
        Ok(Said::Last(Some(FromKernel::Done(done)))) => End::Done(done),
        Ok(Said::NotRun(why)) => End::NotRun(why),
        // What it needs could be read: there was no time to restore it.
        Ok(Said::Last(Some(FromKernel::NotRun))) => End::TimedOut { restoring: true },
        Ok(Said::Last(_)) => End::Broke("spoke out of turn"),
        Err(_) => End::Broke("broke the protocol"),
    }
}

/// Stops the kernel and ends what the call left behind, so that nothing writes a file or a line from here on.
async fn settle(kernel: &mut Kernel, end: End) -> End {
    match stop_and_end_children(&kernel.family).await {
        Ok(true) => end,
        Ok(false) => {
            kernel.kill().await;
            End::Broke("did not come to rest")
        }
        // Somebody killed it after it had answered.
        Err(_) => End::Died(kernel.kill().await),
    }
}
