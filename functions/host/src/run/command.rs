//! One command in a process of its own: what it writes is read while it runs, and its limit is kept.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use sandcastle::{
    limits::{MAX_OUTPUT_JSON, MAX_STDERR_BYTES, OutputBudget, TRUNCATED},
    report::ProcessEnd,
};
use sandcastle_protocol::Ended;
use tokio::{net::unix::pipe, time::sleep_until};

use crate::{
    kernel::{Kernel, ProgramCell, drain, family::stop_and_end_children},
    run::{
        code::READ_LEN,
        guard::{self, Guarded},
    },
    text,
};

/// How a command ended.
pub(crate) struct CommandEnd {
    /// What it wrote, and its exit code.
    pub(crate) process: ProcessEnd,
    /// Why it did not end by itself.
    pub(crate) error: Option<String>,
    /// How long it ran.
    pub(crate) took: Duration,
    /// Certainly no process of it lives.
    pub(crate) nothing_left: bool,
}

impl CommandEnd {
    /// True when something has killed it, as the system does for want of memory.
    pub(crate) fn was_killed(&self) -> bool {
        let killed = Ended::Signaled { signal: rustix::process::Signal::KILL.as_raw() };
        self.error.is_none() && self.process.exit_code == killed.exit_code()
    }
}

/// Runs a command that has just been started, to its end or its limit; then nothing of it is left.
pub(crate) async fn run(mut cell: ProgramCell, limit: Duration, guarded: Guarded) -> CommandEnd {
    let began = Instant::now();
    let mut stdout = Stream::new(MAX_OUTPUT_JSON);
    let mut stderr = Stream::new(MAX_STDERR_BYTES);
    let mut buffer = vec![0; READ_LEN];
    let mut excess = None;
    let ended = {
        let ProgramCell { child: Kernel { exit, output, family, .. }, errors, .. } = &mut cell;
        let mut guard = pin!(guard::watch(family, guarded));
        let alarm = sleep_until((began + limit).into());
        tokio::pin!(alarm);
        loop {
            tokio::select! {
                how = exit.ended() => break Some(how),
                found = &mut guard, if excess.is_none() => excess = Some(found),
                _ = output.readable(), if stdout.open => stdout.read(output, &mut buffer),
                _ = errors.readable(), if stderr.open => stderr.read(errors, &mut buffer),
                () = &mut alarm => break None,
            }
        }
    };
    let error = match ended {
        Some(Some(_)) => excess.map(|excess| text::excess("command", excess)),
        Some(None) => Some("KernelDied('the command ended with its zygote')".to_owned()),
        None => Some(text::timeout(limit)),
    };
    let took = began.elapsed();
    let (how, stopped) = match ended {
        Some(how) => (how, false),
        None => stop(&mut cell.child).await,
    };
    // The process that was forked ends what the program leaves, unless it is killed; a namespace ends with its first one.
    let nothing_left = matches!(how, Some(Ended::Exited { .. })) || stopped || (cell.alone && how.is_some());
    drain(&cell.child.output, &mut buffer, |bytes| stdout.take(bytes));
    drain(&cell.errors, &mut buffer, |bytes| stderr.take(bytes));
    let mut budget = OutputBudget::default();
    let (stderr, stdout) = (stderr.text(&mut budget), stdout.text(&mut budget));
    let process = ProcessEnd { stdout, stderr, exit_code: how.map_or(-1, Ended::exit_code) };
    CommandEnd { process, error, took, nothing_left }
}

/// Ends the command and all that it has started; true when all of that was found.
async fn stop(child: &mut Kernel) -> (Option<Ended>, bool) {
    let found = stop_and_end_children(&child.family).await.unwrap_or(false);
    (child.kill().await, found)
}

/// What was read of one of its two streams.
struct Stream {
    bytes: Vec<u8>,
    most: usize,
    cut: bool,
    open: bool,
}

impl Stream {
    fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, cut: false, open: true }
    }

    fn read(&mut self, pipe: &pipe::Receiver, buffer: &mut [u8]) {
        match pipe.try_read(buffer) {
            Ok(0) => self.open = false,
            Ok(n) => self.take(buffer.get(..n).unwrap_or_default()),
            // Nothing was there after all.
            Err(_) => {}
        }
    }

    /// What does not fit is dropped, while the pipe goes on being drained.
    fn take(&mut self, bytes: &[u8]) {
        let left = self.most - self.bytes.len();
        self.cut |= bytes.len() > left;
        self.bytes.extend_from_slice(bytes.get(..left.min(bytes.len())).unwrap_or_default());
    }

    /// As text, with the mark of a cut at its end when something did not fit.
    fn text(self, budget: &mut OutputBudget) -> String {
        let whole = String::from_utf8_lossy(&self.bytes).into_owned();
        let kept = budget.take(whole).unwrap_or_default();
        if self.cut || budget.is_full() { kept + TRUNCATED } else { kept }
    }
}
