//! One execution in one kernel: the code goes in, the output is read while it runs, and the deadline is kept.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use sandcastle_protocol::{Done, Ended, Execute, FrameError, FromKernel, ToKernel, output::NONCE_LEN};
use tokio::time::{sleep_until, timeout};

use super::output::Output;
use crate::{
    kernel::{Exit, Kernel, drain, processes, wire},
    text,
};

/// How much output is read at once, in bytes.
pub(crate) const READ_LEN: usize = 64 * 1024;
/// A kernel that closed its frame socket may take so long to end by itself, so that how it ended is known.
const DYING_TIME: Duration = Duration::from_secs(2);

/// What came of an execution.
pub(crate) struct Ran {
    /// How it ended.
    pub(crate) end: End,
    /// False when the kernel ended before the code can have begun.
    pub(crate) begun: bool,
    /// What was printed, also before a death.
    pub(crate) output: Vec<String>,
    /// How long the code ran.
    pub(crate) took: Duration,
}

/// How an execution ended.
pub(crate) enum End {
    /// The kernel answered; it stands still now, and nothing that it started lives.
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

/// What is run, and for how long.
pub(crate) struct Call<'a> {
    /// Python source.
    pub(crate) code: &'a str,
    /// Show the value of a last bare expression.
    pub(crate) display_last: bool,
    /// The interrupt comes after so long.
    pub(crate) limit: Duration,
    /// The kill comes so long after the interrupt.
    pub(crate) grace: Duration,
}

/// Runs one call. When this is dropped midway, the kernel must be dropped too: it is in the middle of something.
pub(crate) async fn run(kernel: &mut Kernel, call: Call<'_>) -> Ran {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut output = Output::new(nonce);
    kernel.process.signal(Signal::CONT);
    let began = Instant::now();
    let end = talk(kernel, &call, nonce, began, &mut output).await;
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
    Ran { end, begun: output.begun(), output: output.finish(), took }
}

/// Until the kernel has answered, has ended, or has to be ended.
async fn talk(
    kernel: &mut Kernel,
    call: &Call<'_>,
    nonce: [u8; NONCE_LEN],
    began: Instant,
    output: &mut Output,
) -> End {
    let execute = ToKernel::Execute(Execute {
        nonce: nonce.iter().map(|byte| format!("{byte:02x}")).collect(),
        code: call.code.to_owned(),
        display_last: call.display_last,
        limit_ms: u64::try_from(call.limit.as_millis()).unwrap_or(u64::MAX),
    });
    let Kernel { frames, output: pipe, process, exit, .. } = kernel;
    let mut conversation = Box::pin(async {
        wire::write(frames, &execute).await?;
        wire::read(frames).await
    });
    let mut buffer = vec![0; READ_LEN];
    let (mut pipe_open, mut interrupted) = (true, false);
    let mut alarm = Box::pin(sleep_until((began + call.limit).into()));
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
                alarm.as_mut().reset((Instant::now() + call.grace).into());
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
    match processes::quieten(kernel.pid, &kernel.process).await {
        Ok(true) => End::Done(done),
        Ok(false) => {
            kernel.kill().await;
            End::Broke("did not come to rest")
        }
        // Somebody killed it after it had answered.
        Err(_) => End::Died(kernel.kill().await),
    }
}
