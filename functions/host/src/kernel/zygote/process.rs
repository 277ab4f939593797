//! The zygote's process: spawned, reaped and read by threads of its own.

use std::{
    io::{Read, pipe},
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use command_fds::{CommandFdExt, FdMapping};
use parking_lot::Mutex;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{
    net::UnixStream,
    sync::{oneshot, watch},
    time::timeout,
};

use crate::error::HostError;

/// The control socket's descriptor in the zygote.
const CONTROL_FD: i32 = 3;
/// How much of what the zygote wrote is kept for an error's text, in bytes.
const LAST_WORDS: usize = 4096;
/// How long is waited for them to be read.
const LAST_WORDS_TIME: Duration = Duration::from_secs(1);
/// How long a zygote may take to end its kernels and itself.
const END_TIME: Duration = Duration::from_secs(5);

/// A spawned zygote.
pub(super) struct ZygoteProcess {
    pidfd: OwnedFd,
    reaped: watch::Receiver<bool>,
    log: Log,
}

/// What the process wrote.
struct Log {
    end: Arc<Mutex<Vec<u8>>>,
    closed: watch::Receiver<bool>,
}

impl ZygoteProcess {
    /// Runs the binary with an empty environment and nothing but the control socket.
    ///
    /// A thread spawns it and then waits for its end: a process that asks to be killed with its parent is killed with the
    /// *thread* that spawned it (PR_SET_PDEATHSIG(2const)), and threads of the runtime come and go.
    pub(super) async fn spawn(binary: PathBuf) -> Result<(Self, UnixStream), HostError> {
        let (tell_spawned, spawned) = oneshot::channel();
        let (tell_reaped, reaped) = watch::channel(false);
        let (tell_closed, closed) = watch::channel(false);
        let log = Log { end: Arc::default(), closed };
        let failed = |path: PathBuf| move |source| HostError::Spawn { path, source };
        let path = binary.clone();
        let end = Arc::clone(&log.end);
        let keeper = move || {
            let started = start(&path, end, tell_closed);
            let (mut child, answer) = match started {
                Ok((child, pidfd, control)) => (Some(child), Ok((pidfd, control))),
                Err(error) => (None, Err(error)),
            };
            let _ = tell_spawned.send(answer);
            let status = child.as_mut().map(std::process::Child::wait);
            tracing::debug!(?status, "zygote ended");
            tell_reaped.send_replace(true);
        };
        thread::Builder::new().name("zygote".into()).spawn(keeper).map_err(failed(binary.clone()))?;
        let answer = spawned.await.unwrap_or_else(|_| Err(std::io::Error::other("the spawning thread ended")));
        let (pidfd, control) = answer.map_err(failed(binary.clone()))?;
        control.set_nonblocking(true).map_err(failed(binary.clone()))?;
        let control = UnixStream::from_std(control).map_err(failed(binary))?;
        Ok((Self { pidfd, reaped, log }, control))
    }

    /// Kills the process, and its kernels with it.
    pub(super) fn kill(&self) {
        // One that has ended needs no signal.
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
    }

    /// Waits for the end, and kills the process when that takes too long.
    pub(super) async fn end(&self) {
        let mut reaped = self.reaped.clone();
        if timeout(END_TIME, reaped.wait_for(|reaped| *reaped)).await.is_err() {
            self.kill();
            let _ = timeout(END_TIME, reaped.wait_for(|reaped| *reaped)).await;
        }
    }

    /// Ends the process; the end of what it wrote.
    pub(super) async fn last_words(&mut self) -> String {
        self.kill();
        self.end().await;
        // It has ended, so what it wrote is in the pipe; who else may still hold that is not waited for.
        let _ = timeout(LAST_WORDS_TIME, self.log.closed.wait_for(|closed| *closed)).await;
        String::from_utf8_lossy(&self.log.end.lock()).trim().to_owned()
    }
}

impl Drop for ZygoteProcess {
    /// A zygote that is up ends by itself when its control socket closes; this is for one that hangs in its set-up.
    fn drop(&mut self) {
        let (pidfd, mut reaped) = (self.pidfd.try_clone(), self.reaped.clone());
        if let (Ok(pidfd), Ok(runtime)) = (pidfd, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if timeout(END_TIME, reaped.wait_for(|reaped| *reaped)).await.is_err() {
                    let _ = pidfd_send_signal(&pidfd, Signal::KILL);
                }
            });
        }
    }
}

type Started = (std::process::Child, OwnedFd, StdStream);

fn start(binary: &PathBuf, log: Arc<Mutex<Vec<u8>>>, tell_closed: watch::Sender<bool>) -> std::io::Result<Started> {
    let (ours, theirs) = StdStream::pair()?;
    let (mut reader, writer) = pipe()?;
    let mut command = Command::new(binary);
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    command
        .fd_mappings(vec![FdMapping { parent_fd: theirs.into(), child_fd: CONTROL_FD }])
        .map_err(std::io::Error::other)?;
    let child = command.spawn()?;
    // The command holds the pipe's write end, without which reading would never end.
    drop(command);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pidfd = pidfd_open(pid.ok_or_else(|| std::io::Error::other("pid out of range"))?, PidfdFlags::empty())?;
    thread::Builder::new().name("zygote-log".into()).spawn(move || {
        read_log(&mut reader, &log);
        tell_closed.send_replace(true);
    })?;
    Ok((child, pidfd, ours))
}

/// Logs what the zygote writes, and keeps the end of it.
fn read_log(from: &mut impl Read, wrote: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        let bytes = buffer.get(..n).unwrap_or_default();
        tracing::debug!(text = %String::from_utf8_lossy(bytes).trim_end(), "zygote wrote");
        let mut wrote = wrote.lock();
        wrote.extend_from_slice(bytes);
        let excess = wrote.len().saturating_sub(LAST_WORDS);
        wrote.drain(..excess);
    }
}
