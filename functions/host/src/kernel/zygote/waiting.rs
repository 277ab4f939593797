//! Who waits for word of a zygote's kernels, and what it says of them.

use std::{collections::HashMap, os::fd::OwnedFd, sync::Arc};

use parking_lot::Mutex;
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use sandcastle_protocol::{Ended, FrameError, FromZygote};
use sandcastle_runtime::chain;
use tokio::{
    net::unix::OwnedReadHalf,
    sync::{oneshot, watch},
};

use crate::kernel::wire;

/// Why a zygote has not forked a kernel; for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForkError {
    /// It has ended.
    #[error("the zygote has ended")]
    Ended,
    /// It could not be asked.
    #[error("ask the zygote")]
    Ask(#[from] FrameError),
    /// It has not answered, and was killed.
    #[error("the zygote has not answered in time")]
    Late,
    /// It answered with something else than a process id.
    #[error("the zygote answered with process id {0}")]
    Pid(i32),
    /// The new process could not be opened.
    #[error("open the new process")]
    Open(#[source] Errno),
    /// It was refused.
    #[error("the zygote could not fork: {0}")]
    Refused(String),
}

/// A process and a handle that stays its own, unless it has ended.
pub(super) type Process = (Pid, Option<OwnedFd>);

/// Who waits for word of which kernel.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) forking: HashMap<u64, oneshot::Sender<Result<Process, ForkError>>>,
    pub(super) living: HashMap<u64, oneshot::Sender<Ended>>,
    pub(super) closed: bool,
}

/// Passes on what the zygote says, until it ends or breaks the protocol.
pub(super) async fn listen(
    mut reader: OwnedReadHalf,
    waiting: Arc<Mutex<Waiting>>,
    tell_imported: watch::Sender<usize>,
    tell_gone: watch::Sender<bool>,
) {
    loop {
        match wire::read(&mut reader).await {
            Ok(Some(FromZygote::Imported { modules })) => {
                tell_imported.send_replace(modules);
            }
            Ok(Some(message)) => waiting.lock().hear(message),
            Ok(None) => break,
            Err(error) => {
                tracing::error!(error = chain(&error), "the zygote broke the protocol");
                break;
            }
        }
    }
    let mut waiting = waiting.lock();
    *waiting = Waiting { closed: true, ..Waiting::default() };
    tell_gone.send_replace(true);
}

impl Waiting {
    fn hear(&mut self, message: FromZygote) {
        match message {
            FromZygote::Forked { name, pid } => {
                // The kernel waits for its first frame: its pid cannot be another's yet.
                let process = Pid::from_raw(pid).ok_or(ForkError::Pid(pid)).and_then(|pid| {
                    match pidfd_open(pid, PidfdFlags::empty()) {
                        Ok(pidfd) => Ok((pid, Some(pidfd))),
                        Err(Errno::SRCH) => Ok((pid, None)),
                        Err(error) => Err(ForkError::Open(error)),
                    }
                });
                self.forked(name, process);
            }
            FromZygote::ForkFailed { name, message } => {
                self.living.remove(&name);
                self.forked(name, Err(ForkError::Refused(message)));
            }
            FromZygote::Ended { name, how } => {
                if let Some(tell) = self.living.remove(&name) {
                    let _ = tell.send(how);
                }
            }
            FromZygote::Ready { .. } | FromZygote::SetupFailed { .. } | FromZygote::Imported { .. } => {
                tracing::error!("the zygote spoke out of turn");
            }
        }
    }

    fn forked(&mut self, name: u64, process: Result<Process, ForkError>) {
        if let Some(tell) = self.forking.remove(&name) {
            // Nobody waits any more: the job was dropped, and its end of the frame socket with it, so the kernel ends.
            let _ = tell.send(process);
        }
    }
}
