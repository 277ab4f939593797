//! Code in a kernel: the code goes in, the output is read while it runs, and the deadline is kept.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sandcastle_protocol::{Done, Ended, Execute, FrameError, FromKernel, StoredGroup, ToKernel, output::NONCE_LEN};
use sandcastle_runtime::millis;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::output::Output;
use crate::{
    kernel::{Exit, Kernel, drain, processes, wire},
    text,
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
}

/// How the code ended.
pub(crate) enum End {
    /// The kernel answered; it is stopped now, and nothing that it started lives.
    Done(Box<Done>),
    /// The kernel has ended by itself; how, when anybody could tell.
    Died(Option<Ended>),
    /// The code did not end after the interrupt, and was killed.
    TimedOut,
    /// The kernel did something that no kernel does, and was killed.
    Broke(&'static str),
}

impl End {
    /// For the log.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Done(_) => "done".into(),
            Self::Died(Some(how)) => text::ended(*how),
            Self::Died(None) => "with its zygote".into(),
            Self::TimedOut => "killed at its limit".into(),
            Self::Broke(what) => format!("killed because it {what}"),
        }
    }
}

/// How long code may run.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// The interrupt comes after so long.
    pub(crate) limit: Duration,
    /// The kill comes so long after the interrupt.
    pub(crate) grace: Duration,
    /// When the kernel must have stored its variables.
    pub(crate) store_until: Instant,
}

/// What a kernel is told to run.
pub(crate) struct Cell<'a> {
    /// Python source.
    pub(crate) code: &'a str,
    /// Show the value of a last bare expression.
    pub(crate) display_last: bool,
    /// The variables to restore before.
    pub(crate) restore: Vec<StoredGroup>,
}

/// Runs code in a kernel. When this is dropped midway, the kernel must be dropped too: it is in the middle of something.
pub(crate) async fn run(kernel: &mut Kernel, cell: Cell<'_>, timing: Timing) -> CodeEnd {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut output = Output::new(nonce);
    kernel.process.signal(Signal::CONT);
    let Cell { code, display_last, restore } = cell;
    let began = Instant::now();
    let (nonce, limit_ms) = (hex::encode(nonce), millis(timing.limit));
    let execute = Execute { nonce, code: code.to_owned(), display_last, limit_ms, restore };
    let mut code_ended = None;
    let end = talk(kernel, ToKernel::Execute(execute), timing, &mut output, &mut code_ended).await;
    let took = code_ended.unwrap_or_else(Instant::now).duration_since(began);
    let end = match end {
        End::Done(done) => settle(kernel, done).await,
        End::Broke(_) | End::TimedOut => {
            kernel.kill().await;
            end
        }
        End::Died(_) => end,
    };
    // Nothing after the call's last record belongs to it.
    if !output.ended() {
        drain(&kernel.output, &mut vec![0; READ_LEN], |bytes| output.feed(bytes));
    }
    CodeEnd { end, begun: output.begun(), output: output.finish(), took }
}

/// Until the kernel has answered, has ended, or must be ended.
async fn talk(
    kernel: &mut Kernel,
    execute: ToKernel,
    timing: Timing,
    output: &mut Output,
    code_ended: &mut Option<Instant>,
) -> End {
    let Kernel { frames, output: pipe, process, exit, .. } = kernel;
    // Ends when the kernel has stored its variables.
    let (tell_code_ended, mut told) = oneshot::channel();
    let mut conversation = Box::pin(async move {
        wire::write(frames, &execute).await?;
        let first = wire::read(frames).await?;
        if let Some(FromKernel::CodeEnded) = first {
            let _ = tell_code_ended.send(Instant::now());
            return wire::read(frames).await;
        }
        Ok(first)
    });
    let mut buffer = vec![0; READ_LEN];
    let (mut pipe_open, mut interrupted) = (true, false);
    let mut alarm = Box::pin(sleep(timing.limit));
    loop {
        tokio::select! {
            said = &mut conversation => {
                *code_ended = code_ended.or_else(|| told.try_recv().ok());
                return answer(said, exit).await;
            }
            at = &mut told, if code_ended.is_none() => match at {
                Ok(at) => {
                    *code_ended = Some(at);
                    interrupted = false;
                    alarm.as_mut().reset(timing.store_until.into());
                }
                // The conversation has ended, and is looked at next.
                Err(_) => *code_ended = Some(Instant::now()),
            },
            how = exit.ended() => return End::Died(how),
            _ = pipe.readable(), if pipe_open => match pipe.try_read(&mut buffer) {
                Ok(0) => pipe_open = false,
                Ok(n) => output.feed(buffer.get(..n).unwrap_or_default()),
                Err(_) => {}
            },
            () = &mut alarm => {
                if interrupted {
                    return End::TimedOut;
                }
                process.signal(Signal::INT);
                interrupted = true;
                alarm.as_mut().reset(tokio::time::Instant::now() + timing.grace);
            }
        }
    }
}

/// What the kernel's words, or its silence, come to.
async fn answer(said: Result<Option<FromKernel>, FrameError>, exit: &mut Exit) -> End {
    match said {
        Ok(Some(FromKernel::Done(done))) => End::Done(Box::new(done)),
        Ok(Some(FromKernel::Started(_) | FromKernel::CodeEnded)) => End::Broke("spoke out of turn"),
        // A dying kernel's socket closes before its zygote has reaped it.
        Ok(None) | Err(FrameError::Io(_)) => match timeout(DYING_TIME, exit.ended()).await {
            Ok(how) => End::Died(how),
            Err(_) => End::Broke("closed its socket"),
        },
        Err(_) => End::Broke("broke the protocol"),
    }
}

/// Stops the kernel and ends what the call left behind, so that nothing writes a file or a line from here on.
async fn settle(kernel: &mut Kernel, done: Box<Done>) -> End {
    match processes::stop_and_end_children(kernel.pid, &kernel.process).await {
        Ok(true) => End::Done(done),
        Ok(false) => {
            kernel.kill().await;
            End::Broke("did not come to rest")
        }
        // Somebody killed it after it had answered.
        Err(_) => End::Died(kernel.kill().await),
    }
}
