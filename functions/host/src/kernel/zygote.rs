//! One zygote: the process that kernels are forked from, and what it tells of them.

mod process;
mod waiting;

use std::{
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rustix::process::Pid;
use sandcastle_protocol::{Ended, Fork, FrameError, FromZygote, PRELOADED, Setup, ToZygote};
use tokio::{
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::{oneshot, watch},
    time::{sleep, timeout},
};

pub(crate) use waiting::ForkError;

use process::ZygoteProcess;
use waiting::{Waiting, listen};

use super::{slot::Slot, wire};
use crate::error::HostError;

/// The longest that setting up may take.
const SETUP_TIME: Duration = Duration::from_secs(60);

/// The longest that a fork may take, once nothing else is to be done. It takes milliseconds.
const FORK_TIME: Duration = Duration::from_secs(10);

/// A process that has just been forked and waits for its first frame.
pub(crate) struct Forked {
    /// Its process id, good while `pidfd` says that it lives.
    pub(crate) pid: Pid,
    /// The process itself; none when it has ended already, as one does that could not be confined.
    pub(crate) pidfd: Option<OwnedFd>,
    /// How it ends. Closed without a word when the zygote is gone.
    pub(crate) ended: oneshot::Receiver<Ended>,
}

/// A running zygote. Dropping it closes the control socket, upon which it kills its kernels and ends.
pub(crate) struct Zygote {
    control: tokio::sync::Mutex<OwnedWriteHalf>,
    waiting: Arc<Mutex<Waiting>>,
    names: AtomicU64,
    gone: watch::Receiver<bool>,
    imported: watch::Receiver<usize>,
    /// The version of its Python, such as `3.13.0`.
    pub(crate) python: Arc<str>,
    process: ZygoteProcess,
}

impl Zygote {
    /// Starts a zygote and waits until it can fork. It is killed when `closing` comes before that.
    pub(crate) async fn start(
        binary: &std::path::Path,
        setup: Setup,
        mut closing: watch::Receiver<bool>,
    ) -> Result<Self, HostError> {
        let (mut process, control) = ZygoteProcess::spawn(binary.to_owned()).await?;
        let (mut reader, mut writer) = control.into_split();
        let talk = async {
            wire::write(&mut writer, &ToZygote::Setup(setup)).await?;
            wire::read(&mut reader).await
        };
        let said = tokio::select! {
            said = timeout(SETUP_TIME, talk) => said,
            _ = closing.wait_for(|closing| *closing) => Ok(Ok(None)),
        };
        let what = match said {
            Ok(Ok(Some(FromZygote::Ready { python }))) => {
                return Ok(Self::serve(process, reader, writer, python.into()));
            }
            Ok(Ok(Some(FromZygote::SetupFailed { message }))) => return Err(HostError::Setup { message }),
            Ok(Ok(Some(_))) => "spoke out of turn",
            Ok(Ok(None)) => "ended",
            Ok(Err(FrameError::Io(_))) => "broke off",
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => "took too long",
        };
        drop((reader, writer));
        Err(HostError::Silent { what, wrote: process.last_words().await })
    }

    fn serve(process: ZygoteProcess, reader: OwnedReadHalf, writer: OwnedWriteHalf, python: Arc<str>) -> Self {
        let waiting = Arc::default();
        let (tell_gone, gone) = watch::channel(false);
        let (tell_imported, imported) = watch::channel(0);
        tokio::spawn(listen(reader, Arc::clone(&waiting), tell_imported, tell_gone));
        let (control, names) = (tokio::sync::Mutex::new(writer), AtomicU64::new(1));
        Self { control, waiting, names, gone, imported, python, process }
    }

    /// Forks a kernel, or a process for a program, when so many modules have been imported. It has these descriptors: its frame
    /// socket, its output pipe, and its exchange file or its error pipe.
    pub(crate) async fn fork(
        &self,
        slot: &Slot,
        program: bool,
        after: usize,
        descriptors: &[OwnedFd; 3],
    ) -> Result<Forked, ForkError> {
        let name = self.names.fetch_add(1, Ordering::Relaxed);
        let (tell_forked, forked) = oneshot::channel();
        let (tell_ended, ended) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            if waiting.closed {
                return Err(ForkError::Ended);
            }
            waiting.forking.insert(name, tell_forked);
            waiting.living.insert(name, tell_ended);
        }
        let control = self.control.lock().await;
        let message = ToZygote::Fork(Fork { name, slot: slot.number, uid: slot.uid, program, after });
        let descriptors: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        let sent = wire::write_with_fds(control.as_ref(), &message, &descriptors).await;
        drop(control);
        sent?;
        let (pid, pidfd) = tokio::select! {
            forked = forked => forked.map_err(|_| ForkError::Ended)??,
            () = self.late(after) => {
                tracing::error!("a zygote forks no more, and is killed");
                self.process.kill();
                self.gone().await;
                return Err(ForkError::Late);
            }
        };
        Ok(Forked { pid, pidfd, ended })
    }

    /// Waits until a fork after so many modules takes too long. While modules are imported it may wait for any of them; that they come
    /// to an end is the keeper's concern.
    async fn late(&self, after: usize) {
        let all = if after > 0 { PRELOADED.len() } else { 0 };
        let _ = self.imported.clone().wait_for(|modules| *modules >= all).await;
        sleep(FORK_TIME).await;
    }

    /// True when it has imported all that it imports.
    pub(crate) fn has_all(&self) -> bool {
        *self.imported.borrow() == PRELOADED.len()
    }

    /// Waits until it has imported all that it imports, or has ended.
    pub(crate) async fn comes_to_have_all(&self) {
        let _ = self.imported.clone().wait_for(|modules| *modules == PRELOADED.len()).await;
    }

    /// Waits until the zygote is of no more use.
    pub(crate) async fn gone(&self) {
        let _ = self.gone.clone().wait_for(|gone| *gone).await;
    }

    /// Closes the control socket and waits until the process has ended, killing it when it takes too long.
    pub(crate) async fn shutdown(&self) {
        let control = self.control.lock().await;
        let _ = rustix::net::shutdown(control.as_ref().as_fd(), rustix::net::Shutdown::Both);
        self.process.end().await;
    }
}
