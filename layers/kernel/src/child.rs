//! The forked child: confines itself, and then runs one execution at a time as a kernel, or runs one program.

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use pyo3::prelude::*;
use rustix::io::fcntl_dupfd_cloexec;
use sandcastle_jail::{Jail, JailError, Policy, confine_self};
use sandcastle_protocol::{Cell, Done, Execute, FromKernel, Start, Started, ToKernel};

use crate::frames::{FrameSocket, SocketError};
use crate::harness::{CellPaths, Descriptors, Harness};
use crate::home::Home;
use crate::{program, restoring};

/// The kernel's own descriptors have at least this number, if the limit on open files allows it: code that closes "all"
/// descriptors usually stops earlier.
const HIGH_DESCRIPTOR: u64 = 500;

/// Why a kernel ends by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
    /// A frame could not be read or written.
    #[error(transparent)]
    Frame(#[from] SocketError),
    /// A program could not be run.
    #[error("run a program")]
    Program(#[from] std::io::Error),
    /// The harness itself failed.
    #[error("run the harness: {0}")]
    Harness(#[from] PyErr),
    /// The host sent a message that is not allowed now.
    #[error("unexpected message from the host: expected {expected}")]
    Unexpected {
        /// The expected message.
        expected: &'static str,
    },
}

/// What a forked kernel gets from its zygote.
pub(crate) struct Kernel<'a> {
    /// The number that names the kernel's folder.
    pub(crate) slot: u64,
    /// Its user id.
    pub(crate) uid: u32,
    /// Its connections to the host.
    pub(crate) pipes: Pipes,
    /// How it is confined.
    pub(crate) cell: &'a Cell,
    /// The zygote's jail.
    pub(crate) jail: &'a Jail,
    /// Where Python is installed.
    pub(crate) home: &'a Home,
}

/// The descriptors that come with a fork.
pub(crate) struct Pipes {
    /// The frame socket.
    pub(crate) frames: OwnedFd,
    /// The write end of the output pipe.
    pub(crate) output: OwnedFd,
    /// The third one.
    pub(crate) third: Third,
}

/// What a kernel has, or a program.
pub(crate) enum Third {
    /// A kernel: the file through which variables travel.
    Exchange(OwnedFd),
    /// A program: the write end of the error pipe.
    Errors(OwnedFd),
}

impl Kernel<'_> {
    /// Confines the process and serves the host until it closes the frame socket, or runs a program to its end. Returns the
    /// process's exit code.
    pub(crate) fn serve(self, py: Python<'_>, harness: &Harness) -> Result<i32, KernelError> {
        let limits = self.cell.limits;
        let output = renumber(self.pipes.output, limits.open_files);
        let (third, program) = match self.pipes.third {
            Third::Exchange(file) => (renumber(file, limits.open_files), false),
            Third::Errors(pipe) => (renumber(pipe, limits.open_files), true),
        };
        let frames = FrameSocket::new(renumber(self.pipes.frames, limits.open_files));
        let kept = [frames.as_raw_fd(), output.as_raw_fd(), third.as_raw_fd()];
        let policy = Policy {
            slot: &self.slot.to_string(),
            uid: self.uid,
            limits,
            // When memory runs out, the sandbox loses the program and not the kernel with its variables.
            ends_first: program,
            keep: &kept,
            required: &self.cell.required,
        };
        let confined = confine_self(self.jail, &policy);
        // Read even if the kernel refuses to run: otherwise the host's write could fail on a closed socket.
        let (start, program) = match frames.receive()? {
            None => return Ok(0),
            Some((ToKernel::Start(start), _)) if !program => (start, None),
            Some((ToKernel::Program(wanted), _)) if program => (Start::default(), Some(wanted)),
            Some(_) => return Err(KernelError::Unexpected { expected: "start" }),
        };
        let confined = match confined {
            Ok(confined) => confined,
            Err(error) => {
                frames.send(&refusal(&error))?;
                return Ok(0);
            }
        };
        let paths = CellPaths { files: &confined.files, temporary: &confined.tmp };
        harness.start(
            py,
            start,
            self.home,
            &paths,
            &Descriptors { output: output.as_raw_fd(), exchange: third.as_raw_fd() },
        )?;
        frames.send(&FromKernel::Started(Started { steps: confined.steps, refused: None }))?;
        match program {
            Some(program) => Ok(program::run(&program, self.home, output, third)?),
            None => Calls { frames: Arc::new(frames), exchange: third, open_files: limits.open_files }.run(py, harness),
        }
    }
}

/// The calls of a kernel.
struct Calls {
    frames: Arc<FrameSocket>,
    /// The exchange file.
    exchange: OwnedFd,
    open_files: u64,
}

impl Calls {
    /// Runs one call after the other until the host closes the frame socket.
    fn run(mut self, py: Python<'_>, harness: &Harness) -> Result<i32, KernelError> {
        let fetch = restoring::fetcher(py, &self.frames)?;
        loop {
            match py.detach(|| self.frames.receive())? {
                None => return Ok(0),
                Some((ToKernel::Execute(call), files)) => {
                    let number = call.call;
                    let needs_restoring = self.begin(py, harness, call, files)?;
                    if needs_restoring {
                        if !harness.restore(py, &fetch)? {
                            self.send(py, &FromKernel::NotRun)?;
                            continue;
                        }
                        self.send(py, &FromKernel::Restored)?;
                    }
                    harness.run(py)?;
                    self.send(py, &FromKernel::CodeEnded)?;
                    let done = Done { call: number, ..harness.finish(py)? };
                    self.send(py, &FromKernel::Done(Box::new(done)))?;
                }
                Some(_) => return Err(KernelError::Unexpected { expected: "execute" }),
            }
        }
    }

    fn begin(
        &mut self,
        py: Python<'_>,
        harness: &Harness,
        call: Execute,
        mut files: Vec<OwnedFd>,
    ) -> Result<bool, KernelError> {
        let new_exchange = call.new_exchange && !files.is_empty();
        if new_exchange {
            self.exchange = renumber(files.remove(0), self.open_files);
        }
        Ok(harness.begin(py, call, new_exchange.then(|| self.exchange.as_raw_fd()), files)?)
    }

    fn send(&self, py: Python<'_>, message: &FromKernel) -> Result<(), KernelError> {
        Ok(py.detach(|| self.frames.send(message))?)
    }
}

/// The descriptor under a higher number, if one is free.
fn renumber(descriptor: OwnedFd, open_files: u64) -> OwnedFd {
    let lowest = i32::try_from(HIGH_DESCRIPTOR.min(open_files / 2)).unwrap_or(3);
    fcntl_dupfd_cloexec(&descriptor, lowest).unwrap_or(descriptor)
}

fn refusal(error: &JailError) -> FromKernel {
    FromKernel::Started(Started { steps: Vec::new(), refused: Some(error.to_string()) })
}
