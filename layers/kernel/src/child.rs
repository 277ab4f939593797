//! A kernel: the forked child that confines itself, and then runs one execution at a time, or one program in its place.

use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use pyo3::prelude::*;
use rustix::io::fcntl_dupfd_cloexec;
use sandcastle_jail::{Building, JailError, Limits, Policy, confine_self};
use sandcastle_protocol::{
    Cell, FrameError, FromKernel, Start, Started, StepReport, ToKernel, read_frame, write_frame,
};

use crate::harness::{Harness, Place};
use crate::home::Home;
use crate::program;

/// Descriptors from here on are the kernel's own, as far as the limit on open files allows: code that closes "all"
/// descriptors rarely goes so far.
const HIGH_DESCRIPTOR: u64 = 500;

/// Why a kernel ends before the host has ended it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KernelError {
    /// A frame could not be read or written.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A program's streams could not be set up.
    #[error("run a program")]
    Program(#[from] std::io::Error),
    /// The harness itself failed.
    #[error("harness: {0}")]
    Harness(#[from] PyErr),
    /// The host sent another message than the one that was due.
    #[error("wanted {wanted}")]
    Unexpected {
        /// The message that was due.
        wanted: &'static str,
    },
}

/// What a forked kernel has from its zygote.
pub(crate) struct Kernel<'a> {
    /// Names the kernel's folder.
    pub(crate) slot: u64,
    /// Its user id.
    pub(crate) uid: u32,
    /// Its ways to the host.
    pub(crate) pipes: Pipes,
    /// What confines it.
    pub(crate) cell: &'a Cell,
    /// The building that its cell is in.
    pub(crate) building: &'a Building,
    /// Where Python lives.
    pub(crate) home: &'a Home,
}

/// The descriptors that come with a fork.
pub(crate) struct Pipes {
    /// The frame socket.
    pub(crate) frames: OwnedFd,
    /// The write end of the output pipe.
    pub(crate) output: OwnedFd,
    /// The write end of the error pipe of a program.
    pub(crate) errors: Option<OwnedFd>,
}

impl Kernel<'_> {
    /// Confines the process and serves the host until it closes the frame socket, or runs a program to its end. The exit
    /// code of the process.
    pub(crate) fn serve(self, py: Python<'_>, harness: &Harness) -> Result<i32, KernelError> {
        let limits = &self.cell.limits;
        let output = raised(self.pipes.output, limits.open_files);
        let errors = self.pipes.errors.map(|errors| raised(errors, limits.open_files));
        let mut frames = UnixStream::from(raised(self.pipes.frames, limits.open_files));
        let kept = [Some(frames.as_raw_fd()), Some(output.as_raw_fd()), errors.as_ref().map(AsRawFd::as_raw_fd)];
        let kept: Vec<_> = kept.into_iter().flatten().collect();
        let policy = Policy {
            slot: &self.slot.to_string(),
            uid: self.uid,
            limits: Limits {
                memory_bytes: limits.memory_bytes,
                processes: limits.processes,
                file_bytes: limits.file_bytes,
                open_files: limits.open_files,
            },
            // A program has to do without its kernel's memory, not the kernel without its own.
            ends_first: errors.is_some(),
            keep: &kept,
            required: &self.cell.required,
        };
        let confined = confine_self(self.building, &policy);
        // Read even by a kernel that will refuse: the host's message must not meet a closed socket.
        let (start, program) = match read_frame(&mut frames)? {
            None => return Ok(0),
            Some(ToKernel::Start(start)) => (start, None),
            Some(ToKernel::Program(program)) => (Start::default(), Some(program)),
            Some(ToKernel::Execute(_)) => return Err(KernelError::Unexpected { wanted: "start" }),
        };
        let confined = match confined {
            Ok(confined) => confined,
            Err(error) => {
                write_frame(&mut frames, &refusal(&error))?;
                return Ok(0);
            }
        };
        let place = Place { files: &confined.files, temporary: &confined.tmp, output: output.as_raw_fd() };
        harness.start(py, start, self.home, &place)?;
        write_frame(&mut frames, &FromKernel::Started(Started { steps: reports(&confined.steps), refused: None }))?;
        match program {
            Some(program) => Ok(program::run(&program, self.home, output, errors)?),
            None => run_calls(py, harness, frames),
        }
    }
}

fn run_calls(py: Python<'_>, harness: &Harness, mut frames: UnixStream) -> Result<i32, KernelError> {
    loop {
        match py.detach(|| read_frame(&mut frames))? {
            None => return Ok(0),
            Some(ToKernel::Execute(call)) => {
                let done = harness.run(py, call)?;
                py.detach(|| write_frame(&mut frames, &FromKernel::Done(done)))?;
            }
            Some(ToKernel::Start(_) | ToKernel::Program(_)) => {
                return Err(KernelError::Unexpected { wanted: "execute" });
            }
        }
    }
}

/// The same descriptor with a higher number where there is room for one.
fn raised(descriptor: OwnedFd, open_files: u64) -> OwnedFd {
    let lowest = i32::try_from(HIGH_DESCRIPTOR.min(open_files / 2)).unwrap_or(3);
    fcntl_dupfd_cloexec(&descriptor, lowest).unwrap_or(descriptor)
}

fn reports(steps: &[sandcastle_jail::StepReport]) -> Vec<StepReport> {
    let report = |step: &sandcastle_jail::StepReport| StepReport {
        step: step.step.to_owned(),
        held: step.held,
        reason: step.reason.clone(),
    };
    steps.iter().map(report).collect()
}

fn refusal(error: &JailError) -> FromKernel {
    FromKernel::Started(Started { steps: Vec::new(), refused: Some(error.to_string()) })
}
