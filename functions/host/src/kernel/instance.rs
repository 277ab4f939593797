//! One kernel: its process, its sockets and its folder, from fork to end.

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    sync::Arc,
    time::Duration,
};

use sandcastle_protocol::{Ended, FrameError, FromKernel, Program, Started, Step, StepReport, ToKernel};
use tokio::{
    net::{UnixStream, unix::pipe},
    sync::mpsc,
    time::timeout,
};

use super::{
    exit::Exit, family::Family, nursery::Origin, pipe::output_pipe, pool::Seat, reaper::Ending, slot::Slot, wire,
    zygote::ForkError,
};
use crate::error::HostError;

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
    /// No zygote to fork it from.
    #[error("get a zygote")]
    Zygote(#[source] Arc<HostError>),
    /// No folder for it.
    #[error("make the kernel's folder")]
    Folder(#[source] io::Error),
    /// No fork.
    #[error("fork a kernel")]
    Fork(#[from] ForkError),
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
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

/// A kernel. Dropping it kills it, and leaves its folder to [`reap`] to remove once it has ended.
pub(crate) struct Kernel {
    /// What Python it runs.
    pub(crate) python: Arc<str>,
    /// The frame socket.
    pub(crate) frames: UnixStream,
    /// The read end of the output pipe.
    pub(crate) output: pipe::Receiver,
    /// Its folder.
    pub(crate) slot: Arc<Slot>,
    /// The file through which it gives out its variables; a program has none.
    pub(crate) exchange: Option<Arc<File>>,
    /// Calls that it was told to run.
    pub(crate) calls: u64,
    /// It has not been given that file yet.
    exchange_is_new: bool,
    /// Its processes.
    pub(crate) family: Family,
    /// How it ends.
    pub(crate) exit: Exit,
    reaper: mpsc::UnboundedSender<Ending>,
    _seat: Option<Seat>,
}

/// A process that runs one command in a cell like a kernel's, and what it writes to its standard error.
pub(crate) struct ProgramCell {
    /// The process; its output pipe is the command's standard output. It takes no seat: it runs while the sandbox's kernel,
    /// which has one, is stopped.
    pub(crate) child: Kernel,
    /// The read end of the command's standard error.
    pub(crate) errors: pipe::Receiver,
    /// All that it starts ends with it: it has a process id namespace.
    pub(crate) alone: bool,
}

impl Kernel {
    /// Forks a kernel into this folder. It does nothing before [`Self::begin`].
    pub(crate) async fn fork(
        origin: &Origin,
        slot: Arc<Slot>,
        seat: Seat,
        reaper: mpsc::UnboundedSender<Ending>,
    ) -> Result<Self, StartError> {
        let exchange = exchange_file(&slot).map_err(StartError::Folder)?;
        let theirs = exchange.try_clone().map_err(StartError::Folder)?;
        let mut kernel = Self::fork_with(origin, slot, Some(seat), reaper, theirs.into()).await?;
        kernel.exchange = Some(Arc::new(exchange));
        Ok(kernel)
    }

    /// Forks a process for a command into the folder of a kernel that is stopped. It does nothing before [`Self::begin`].
    pub(crate) async fn fork_program(
        origin: &Origin,
        slot: Arc<Slot>,
        reaper: mpsc::UnboundedSender<Ending>,
    ) -> Result<ProgramCell, StartError> {
        let (errors, writer) = output_pipe().map_err(StartError::Sockets)?;
        let child = Self::fork_with(origin, slot, None, reaper, writer).await?;
        Ok(ProgramCell { child, errors, alone: false })
    }

    async fn fork_with(
        origin: &Origin,
        slot: Arc<Slot>,
        seat: Option<Seat>,
        reaper: mpsc::UnboundedSender<Ending>,
        third: OwnedFd,
    ) -> Result<Self, StartError> {
        let socket = || {
            let (ours, theirs) = StdStream::pair()?;
            ours.set_nonblocking(true)?;
            io::Result::Ok((UnixStream::from_std(ours)?, theirs))
        };
        let (frames, theirs) = socket().map_err(StartError::Sockets)?;
        let (output, writer) = output_pipe().map_err(StartError::Sockets)?;
        let forked = origin.zygote.fork(&slot, seat.is_none(), origin.after, &[theirs.into(), writer, third]).await?;
        Ok(Self {
            python: Arc::clone(&origin.zygote.python),
            frames,
            output,
            slot,
            exchange: None,
            calls: 0,
            exchange_is_new: false,
            family: Family::of(forked.pid, forked.pidfd),
            exit: Exit(Some(forked.ended)),
            reaper,
            _seat: seat,
        })
    }

    /// Sends the first frame and waits until the kernel is confined.
    pub(crate) async fn begin(&mut self, first: ToKernel) -> Result<Started, StartError> {
        let below = self.family.only_child();
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
                Some(_) => Err(StartError::Silent("spoke out of turn")),
            }
        };
        let started = timeout(START_TIME, talk).await.unwrap_or(Err(StartError::Silent("took too long")))?;
        if has_namespace(&started.steps) {
            self.family.is_process_1_of(below.map_err(|_| StartError::Silent("ended"))?);
        }
        Ok(started)
    }

    /// Replaces the exchange file. The kernel gets it with its next call.
    pub(crate) fn change_exchange(&mut self) -> io::Result<()> {
        self.exchange = Some(Arc::new(exchange_file(&self.slot)?));
        self.exchange_is_new = true;
        Ok(())
    }

    /// The exchange file, if the kernel must be given it.
    pub(crate) fn new_exchange(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.exchange_is_new).then(|| self.exchange.clone()).flatten()
    }

    /// Kills it and waits for its end. `None` when it does not end in time.
    pub(crate) async fn kill(&mut self) -> Option<Ended> {
        self.family.kill();
        timeout(END_TIME, self.exit.ended()).await.ok().flatten()
    }
}

/// A file without a name, so that it ends with its last user.
fn exchange_file(slot: &Slot) -> io::Result<File> {
    tempfile::tempfile_in(slot.path())
}

impl ProgramCell {
    /// Tells it what to run, which it does at once, and waits until it is confined.
    pub(crate) async fn begin(&mut self, program: Program) -> Result<(), StartError> {
        let steps = self.child.begin(ToKernel::Program(program)).await?.steps;
        self.alone = has_namespace(&steps);
        Ok(())
    }
}

/// True when what was forked has a process id namespace.
fn has_namespace(steps: &[StepReport]) -> bool {
    steps.iter().any(|step| step.step == Step::PidNamespace && step.held)
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.family.kill();
        let _ = self.reaper.send(Ending { ended: self.exit.0.take(), slot: Arc::clone(&self.slot) });
    }
}
