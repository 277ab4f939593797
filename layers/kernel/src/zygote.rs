//! The zygote: starts Python once, with one thread, and forks and reaps the kernels.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use pyo3::prelude::*;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use sandcastle_jail::{Fork as Forked, Jail, JailConfig};
use sandcastle_protocol::{Cell, Ended, Fork, FromZygote, Setup, ToZygote};

use crate::child::{Kernel, Pipes, Third};
use crate::frames::{FrameSocket, SocketError};
use crate::harness::Harness;
use crate::home::Home;
use crate::preloading::Preloading;
use crate::signals::{ChildSignals, unblock_in_child};
use crate::{fork::fork_python, interpreter, processes};

/// Why a zygote ends by itself.
#[derive(Debug, thiserror::Error)]
enum ZygoteError {
    /// The control socket failed.
    #[error(transparent)]
    Control(#[from] SocketError),
    /// The first message was not a setup, or a later one was.
    #[error("unexpected message from the host: expected {expected}")]
    Unexpected {
        /// The expected message.
        expected: &'static str,
    },
    /// Signals cannot be received.
    #[error("receive signals")]
    Signals(#[from] std::io::Error),
    /// poll failed.
    #[error("wait for the host")]
    Poll(#[from] Errno),
    /// Python or the harness did not start.
    #[error("start Python: {0}")]
    Start(String),
    /// A package broke when it was imported.
    #[error("import packages: {0}")]
    Import(#[from] PyErr),
}

/// Serves the host until the host closes the control socket.
pub(crate) fn run(control: FrameSocket) -> ExitCode {
    let served = match set_up(&control) {
        Ok(None) => Ok(()),
        Ok(Some(mut zygote)) => {
            let served = zygote.serve(control);
            processes::kill_all_children(zygote.kernels);
            served
        }
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zygote: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Zygote {
    home: Home,
    cell: Cell,
    jail: Jail,
    harness: Harness,
    signals: ChildSignals,
    kernels: HashMap<i32, u64>,
    preloading: Preloading,
    /// Forks that wait for more modules, with their descriptors.
    waiting: Vec<(Fork, Vec<OwnedFd>)>,
}

/// Receives the setup and answers `Ready`. `None` when the host closes the socket before it sends a setup.
fn set_up(control: &FrameSocket) -> Result<Option<Zygote>, ZygoteError> {
    processes::adopt_orphans();
    let signals = ChildSignals::open()?;
    let setup = match control.receive()? {
        None => return Ok(None),
        Some((ToZygote::Setup(setup), _)) => setup,
        Some((ToZygote::Fork(_), _)) => return Err(ZygoteError::Unexpected { expected: "setup" }),
    };
    let home = Home::find(setup.python_home.clone(), setup.site_packages.clone());
    let jail = prepare_jail(&setup, &home);
    match start_python(&setup, &home) {
        Ok((harness, python)) => {
            control.send(&FromZygote::Ready { python })?;
            let preloading = Preloading::new(setup.preload);
            let (kernels, waiting) = (HashMap::new(), Vec::new());
            Ok(Some(Zygote { home, cell: setup.cell, jail, harness, signals, kernels, preloading, waiting }))
        }
        Err(message) => {
            control.send(&FromZygote::SetupFailed { message: message.clone() })?;
            Err(ZygoteError::Start(message))
        }
    }
}

fn prepare_jail(setup: &Setup, home: &Home) -> Jail {
    let mut readable = setup.cell.readable.clone();
    readable.extend(home.readable());
    Jail::prepare(&JailConfig { kernels_dir: &setup.cell.kernels_dir, readable: &readable })
}

fn start_python(setup: &Setup, home: &Home) -> Result<(Harness, String), String> {
    interpreter::start_isolated(home).map_err(|error| error.to_string())?;
    Python::attach(|py| {
        let harness = Harness::load(py, home, setup.audit).map_err(|error| error.to_string())?;
        let version = py.version_info();
        Ok((harness, format!("{}.{}.{}", version.major, version.minor, version.patch)))
    })
}

impl Zygote {
    fn serve(&mut self, mut control: FrameSocket) -> Result<(), ZygoteError> {
        loop {
            let mut waiting =
                [PollFd::new(&control, PollFlags::IN), PollFd::from_borrowed_fd(self.signals.as_fd(), PollFlags::IN)];
            // While there is work to do, what the host wants is only looked for.
            let at_most = if self.preloading.is_done() { None } else { Some(&Timespec { tv_sec: 0, tv_nsec: 0 }) };
            match poll(&mut waiting, at_most) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            let [host, _] = waiting.map(|fd| !fd.revents().is_empty());
            self.reap(&control)?;
            if !host {
                self.preload(&control)?;
            } else {
                match control.receive()? {
                    None => return Ok(()),
                    Some((ToZygote::Fork(fork), descriptors)) => self.waiting.push((fork, descriptors)),
                    Some((ToZygote::Setup(_), _)) => return Err(ZygoteError::Unexpected { expected: "fork" }),
                }
            }
            while let Some(due) = self.waiting.iter().position(|(fork, _)| fork.after <= self.preloading.imported) {
                let (fork, descriptors) = self.waiting.remove(due);
                control = self.fork(control, &fork, descriptors)?;
            }
        }
    }

    /// Imports one more module.
    fn preload(&mut self, control: &FrameSocket) -> Result<(), ZygoteError> {
        let before = self.preloading.imported;
        Python::attach(|py| self.preloading.step(py, &self.harness))?;
        let modules = self.preloading.imported;
        if modules != before {
            control.send(&FromZygote::Imported { modules })?;
        }
        Ok(())
    }

    /// Forks a kernel. Returns in the zygote only, which gets the control socket back.
    fn fork(
        &mut self,
        control: FrameSocket,
        fork: &Fork,
        descriptors: Vec<OwnedFd>,
    ) -> Result<FrameSocket, ZygoteError> {
        let name = fork.name;
        let mut descriptors = descriptors.into_iter();
        let [frames, output, third] = [descriptors.next(), descriptors.next(), descriptors.next()];
        let (Some(frames), Some(output), Some(third)) = (frames, output, third) else {
            control.send(&FromZygote::ForkFailed { name, message: "expected three descriptors".into() })?;
            return Ok(control);
        };
        let third = if fork.program { Third::Errors(third) } else { Third::Exchange(third) };
        match Python::attach(|py| fork_python(py, &self.jail)) {
            Ok(Forked::Child) => {
                drop(control);
                self.become_kernel(fork, Pipes { frames, output, third })
            }
            Ok(Forked::Parent { pid }) => {
                self.kernels.insert(pid, name);
                control.send(&FromZygote::Forked { name, pid })?;
                Ok(control)
            }
            Err(error) => {
                control.send(&FromZygote::ForkFailed { name, message: error.to_string() })?;
                Ok(control)
            }
        }
    }

    /// Runs the forked child to its end.
    fn become_kernel(&self, fork: &Fork, pipes: Pipes) -> ! {
        unblock_in_child();
        let (slot, uid) = (fork.slot, fork.uid);
        let kernel = Kernel { slot, uid, pipes, cell: &self.cell, jail: &self.jail, home: &self.home };
        let code = match Python::attach(|py| kernel.serve(py, &self.harness)) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("kernel {slot}: {error}");
                1
            }
        };
        end_process(code)
    }

    /// How a kernel ended, whose process 1 tells of signals as shells do.
    fn of_kernel(&self, how: Ended) -> Ended {
        match how {
            Ended::Exited { code: code @ 129..=192 } if self.jail.helper().is_some() => {
                Ended::Signaled { signal: code - 128 }
            }
            other => other,
        }
    }

    /// Reaps all ended children and reports the kernels among them. The others are orphaned processes of kernels.
    fn reap(&mut self, control: &FrameSocket) -> Result<(), ZygoteError> {
        self.signals.drain();
        let (mut reaped, mut ended) = (false, Vec::new());
        while let Some((pid, how)) = processes::reap_one() {
            reaped = true;
            ended.extend(self.kernels.remove(&pid).map(|name| FromZygote::Ended { name, how: self.of_kernel(how) }));
        }
        // Before the report: the host looks at the kernel's folder next, and orphans may still write to it.
        if reaped {
            processes::kill_children_but(|pid| self.kernels.contains_key(&pid) || self.jail.helper() == Some(pid));
        }
        ended.iter().try_for_each(|message| Ok(control.send(message)?))
    }
}

/// Ends a forked kernel without the exit hooks of Rust and Python, which belong to the zygote.
#[allow(unsafe_code, reason = "std::process::exit would run exit hooks of the zygote's libraries")]
fn end_process(code: i32) -> ! {
    // SAFETY: _exit takes any code, and never returns.
    unsafe { libc::_exit(code) }
}
