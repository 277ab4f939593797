//! One kernel: its process, its sockets and its folder, from fork to end.

use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream as StdStream,
    },
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, pidfd_send_signal};
use sandcastle_protocol::{Ended, FrameError, FromKernel, Started, ToKernel};
use tokio::{
    net::{UnixStream, unix::pipe},
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{pool::Seat, slot::Slot, wire, zygote::Zygote};

/// What an output pipe holds, in bytes, so that a flood of prints costs few switches between kernel and host.
const PIPE_BYTES: usize = 256 * 1024;
/// The most that is read from a pipe after a call, in bytes: more than a pipe of any size holds.
const MAX_DRAIN: usize = 4 * 1024 * 1024;
/// The longest that a kernel may take from its first frame to its answer.
const START_TIME: Duration = Duration::from_secs(20);
/// The longest that a killed kernel may take to end, with all its processes.
const END_TIME: Duration = Duration::from_secs(10);

/// Why no kernel could be started; for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// No socket or pipe.
    #[error("make the kernel's sockets")]
    Sockets(#[source] io::Error),
    /// No fork.
    #[error("fork a kernel: {0}")]
    Fork(String),
    /// The kernel's first words could not be read.
    #[error("start the kernel")]
    Talk(#[from] FrameError),
    /// The kernel ended, or spoke out of turn, or took too long.
    #[error("the kernel {0} before it was ready")]
    Silent(&'static str),
    /// A required step of the confinement does not hold.
    #[error("the kernel refuses to run: {0}")]
    Refused(String),
}

/// A kernel. Dropping it kills it, and leaves its folder to [`bury`] to remove once it has ended.
pub(crate) struct Kernel {
    /// Its process id, as the host sees it.
    pub(crate) pid: Pid,
    /// What Python it runs.
    pub(crate) python: Arc<str>,
    /// The frame socket.
    pub(crate) frames: UnixStream,
    /// The read end of the output pipe.
    pub(crate) output: pipe::Receiver,
    /// Its folder.
    pub(crate) slot: Arc<Slot>,
    /// Its first process.
    pub(crate) process: Process,
    /// How it ends.
    pub(crate) fate: Fate,
    undertaker: mpsc::UnboundedSender<Remains>,
    _seat: Option<Seat>,
}

/// A process that runs one command in a cell like a kernel's, and what it writes to its standard error.
pub(crate) struct ProgramCell {
    /// The process; its output pipe is the command's standard output. It takes no seat: it runs while the sandbox's kernel,
    /// which has one, stands still.
    pub(crate) process: Kernel,
    /// The read end of the command's standard error.
    pub(crate) errors: pipe::Receiver,
    /// All that it starts ends with it: it is the first process of a namespace.
    pub(crate) alone: bool,
}

/// The kernel's first process, under its own name as long as this lives.
pub(crate) struct Process(Option<OwnedFd>);

impl Process {
    /// Sends a signal; a process that has ended takes none.
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(process) = &self.0 {
            let _ = pidfd_send_signal(process, signal);
        }
    }
}

/// How a kernel ends.
pub(crate) struct Fate(Option<oneshot::Receiver<Ended>>);

impl Fate {
    /// True when the kernel has ended, or its zygote has.
    pub(crate) fn is_sealed(&mut self) -> bool {
        if let Some(Err(oneshot::error::TryRecvError::Empty)) = self.0.as_mut().map(oneshot::Receiver::try_recv) {
            return false;
        }
        self.0 = None;
        true
    }

    /// Waits for the end; `None` when nobody can tell how it was, because the zygote has ended.
    pub(crate) async fn ended(&mut self) -> Option<Ended> {
        let how = match &mut self.0 {
            Some(ended) => ended.await.ok(),
            None => None,
        };
        self.0 = None;
        how
    }
}

/// What is left to do for a kernel that was killed.
pub(crate) struct Remains {
    ended: Option<oneshot::Receiver<Ended>>,
    slot: Arc<Slot>,
}

impl Kernel {
    /// Forks a kernel into this folder. It does nothing before [`Self::begin`].
    pub(crate) async fn fork(
        zygote: &Zygote,
        slot: Arc<Slot>,
        seat: Seat,
        undertaker: mpsc::UnboundedSender<Remains>,
    ) -> Result<Self, StartError> {
        Self::fork_with(zygote, slot, Some(seat), undertaker, None).await
    }

    /// Forks a process for a command into the folder of a kernel that stands still. It does nothing before [`Self::begin`].
    pub(crate) async fn fork_program(
        zygote: &Zygote,
        slot: Arc<Slot>,
        undertaker: mpsc::UnboundedSender<Remains>,
    ) -> Result<ProgramCell, StartError> {
        let (errors, writer) = output_pipe().map_err(StartError::Sockets)?;
        let process = Self::fork_with(zygote, slot, None, undertaker, Some(writer)).await?;
        Ok(ProgramCell { process, errors, alone: false })
    }

    async fn fork_with(
        zygote: &Zygote,
        slot: Arc<Slot>,
        seat: Option<Seat>,
        undertaker: mpsc::UnboundedSender<Remains>,
        errors: Option<OwnedFd>,
    ) -> Result<Self, StartError> {
        let socket = || {
            let (ours, theirs) = StdStream::pair()?;
            ours.set_nonblocking(true)?;
            io::Result::Ok((UnixStream::from_std(ours)?, theirs))
        };
        let (frames, theirs) = socket().map_err(StartError::Sockets)?;
        let (output, writer) = output_pipe().map_err(StartError::Sockets)?;
        let descriptors: Vec<OwnedFd> = [Some(theirs.into()), Some(writer), errors].into_iter().flatten().collect();
        let newborn = zygote.fork(&slot, &descriptors).await.map_err(StartError::Fork)?;
        Ok(Self {
            pid: newborn.pid,
            python: Arc::clone(&zygote.python),
            frames,
            output,
            slot,
            process: Process(newborn.pidfd),
            fate: Fate(Some(newborn.ended)),
            undertaker,
            _seat: seat,
        })
    }

    /// Sends the first frame and waits until the kernel is confined.
    pub(crate) async fn begin(&mut self, first: ToKernel) -> Result<Started, StartError> {
        let talk = async {
            // A kernel that refuses to run may have ended before this is written; its words are there to be read.
            let written = wire::write(&mut self.frames, &first).await;
            match wire::read(&mut self.frames).await? {
                None => {
                    written?;
                    Err(StartError::Silent("ended"))
                }
                Some(FromKernel::Started(Started { refused: Some(why), .. })) => Err(StartError::Refused(why)),
                Some(FromKernel::Started(started)) => Ok(started),
                Some(FromKernel::Done(_)) => Err(StartError::Silent("spoke out of turn")),
            }
        };
        timeout(START_TIME, talk).await.unwrap_or(Err(StartError::Silent("took too long")))
    }

    /// Kills it and waits for its end. `None` when it does not end in time.
    pub(crate) async fn kill(&mut self) -> Option<Ended> {
        self.process.signal(Signal::KILL);
        timeout(END_TIME, self.fate.ended()).await.ok().flatten()
    }
}

/// Both ends of a pipe for output.
fn output_pipe() -> io::Result<(pipe::Receiver, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    // A refusal leaves the usual 64 KiB: users other than root have a budget for pipes.
    let _ = rustix::pipe::fcntl_setpipe_size(&writer, PIPE_BYTES);
    Ok((pipe::Receiver::from_owned_fd(reader.into())?, writer.into()))
}

/// Reads what is left in a pipe after a call. Nobody writes any more, so that nothing has to be waited for.
pub(crate) fn drain(pipe: &pipe::Receiver, buffer: &mut [u8], mut take: impl FnMut(&[u8])) {
    let mut drained = 0;
    while drained < MAX_DRAIN {
        match read_now(pipe, buffer) {
            0 => break,
            n => {
                take(buffer.get(..n).unwrap_or_default());
                drained += n;
            }
        }
    }
}

/// Reads what is in a pipe without waiting; 0 at its end, or when there is nothing.
fn read_now(pipe: &pipe::Receiver, buffer: &mut [u8]) -> usize {
    loop {
        match rustix::io::read(pipe.as_fd(), &mut *buffer) {
            Ok(n) => return n,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 0,
        }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
        let _ = self.undertaker.send(Remains { ended: self.fate.0.take(), slot: Arc::clone(&self.slot) });
    }
}

/// Removes the folders of kernels when they have ended, until the last kernel's sender is gone.
pub(crate) async fn bury(mut dead: mpsc::UnboundedReceiver<Remains>) {
    let mut graves = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            remains = dead.recv() => match remains {
                Some(remains) => { graves.spawn(bury_one(remains)); }
                None => break,
            },
            Some(_) = graves.join_next(), if !graves.is_empty() => {}
        }
    }
    graves.join_all().await;
}

async fn bury_one(remains: Remains) {
    let Remains { ended, slot } = remains;
    if let Some(ended) = ended {
        let ended = timeout(END_TIME, ended).await;
        tracing::debug!(slot = slot.number, ?ended, "kernel ended");
    }
    // The last user of the slot removes its folder, which blocks.
    let _ = tokio::task::spawn_blocking(move || drop(slot)).await;
}
