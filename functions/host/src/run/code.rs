//! Code in a kernel: the code goes in, the output is read while it runs, and the deadline is kept.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sandcastle_protocol::{Done, Ended, Execute, FrameError, FromKernel, ToKernel, output::NONCE_LEN};
use sandcastle_runtime::millis;
use tokio::time::{sleep, timeout};

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
    Done(Done),
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
}

/// Runs code in a kernel. When this is dropped midway, the kernel must be dropped too: it is in the middle of something.
pub(crate) async fn run(kernel: &mut Kernel, code: &str, display_last: bool, timing: Timing) -> CodeEnd {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut output = Output::new(nonce);
    kernel.process.signal(Signal::CONT);
    let began = Instant::now();
    let execute =
        Execute { nonce: hex::encode(nonce), code: code.to_owned(), display_last, limit_ms: millis(timing.limit) };
    let end = talk(kernel, ToKernel::Execute(execute), timing, &mut output).await;
    let took = began.elapsed();
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
async fn talk(kernel: &mut Kernel, execute: ToKernel, timing: Timing, output: &mut Output) -> End {
    let Kernel { frames, output: pipe, process, exit, .. } = kernel;
    let mut conversation = Box::pin(async {
        wire::write(frames, &execute).await?;
        wire::read(frames).await
    });
    let mut buffer = vec![0; READ_LEN];
    let (mut pipe_open, mut interrupted) = (true, false);
    let mut alarm = Box::pin(sleep(timing.limit));
    loop {
        tokio::select! {
            said = &mut conversation => return answer(said, exit).await,
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
        Ok(Some(FromKernel::Done(done))) => End::Done(done),
        Ok(Some(FromKernel::Started(_))) => End::Broke("spoke out of turn"),
        // A dying kernel's socket closes before its zygote has reaped it.
        Ok(None) | Err(FrameError::Io(_)) => match timeout(DYING_TIME, exit.ended()).await {
            Ok(how) => End::Died(how),
            Err(_) => End::Broke("closed its socket"),
        },
        Err(_) => End::Broke("broke the protocol"),
    }
}

/// Stops the kernel and ends what the call left behind, so that nothing writes a file or a line from here on.
async fn settle(kernel: &mut Kernel, done: Done) -> End {
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
