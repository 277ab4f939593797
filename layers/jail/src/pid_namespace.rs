//! Forks a kernel as process 1 of its own process id namespace.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::privilege::Privilege;
use crate::{sys, userns};

/// Which side of a fork the caller is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The new process.
    Child,
    /// The process that forked.
    Parent {
        /// The child's process id in the namespace of zygote and host.
        pid: i32,
    },
}

impl Fork {
    /// From the result of fork(2).
    pub(crate) fn from_pid(pid: i32) -> Self {
        if pid == 0 { Self::Child } else { Self::Parent { pid } }
    }
}

/// Why there is no child.
pub(crate) enum ForkError {
    /// No namespace could be made; a plain fork may work.
    Namespace(io::Error),
    /// The fork itself failed.
    Fork(io::Error),
}

/// How kernels get a process id namespace.
pub(crate) enum PidNamespaces {
    /// The zygote unshares a new namespace for its children, forks, and returns to its own namespace through this
    /// descriptor. Never closed: in a child its number may belong to another file.
    Return(ManuallyDrop<OwnedFd>),
    /// An intermediate process makes the namespace, forks the kernel and ends. setns(2) demands CAP_SYS_ADMIN in the user
    /// namespace that owns the zygote's process id namespace, so an unprivileged zygote could not return.
    Intermediate,
    /// Not at all, for this reason.
    Refused(String),
}

impl PidNamespaces {
    pub(crate) fn prepare(privilege: &Privilege) -> Self {
        let prepared = match privilege {
            Privilege::None(reason) => Err(io::Error::other(reason.clone())),
            // The kernel becomes the zygote's child when the intermediate process has ended.
            Privilege::UserNamespace => rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))
                .map(|()| Self::Intermediate)
                .map_err(io::Error::from),
            Privilege::Root => File::open("/proc/self/ns/pid").and_then(|own| {
                // Entering the current namespace takes the same rights as returning to it later.
                move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))?;
                Ok(Self::Return(ManuallyDrop::new(own.into())))
            }),
        };
        prepared.unwrap_or_else(|error| Self::Refused(error.to_string()))
    }

    /// Forks into a new namespace.
    pub(crate) fn fork(&self) -> Result<Fork, ForkError> {
        match self {
            Self::Return(own) => fork_and_return(own),
            Self::Intermediate => fork_through_intermediate(),
            Self::Refused(reason) => Err(ForkError::Namespace(io::Error::other(reason.clone()))),
        }
    }
}

fn fork_and_return(own: &OwnedFd) -> Result<Fork, ForkError> {
    sys::unshare(UnshareFlags::NEWPID).map_err(ForkError::Namespace)?;
    let forked = sys::fork();
    if !matches!(forked, Ok(0)) {
        move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))
            .map_err(|error| ForkError::Fork(error.into()))?;
    }
    forked.map(Fork::from_pid).map_err(ForkError::Fork)
}

/// The intermediate process reports the kernel's process id, or the negated errno of the call that was refused.
fn fork_through_intermediate() -> Result<Fork, ForkError> {
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| ForkError::Fork(error.into()));
    let ((report_reader, report_writer), (start_reader, start_writer)) = (pipe()?, pipe()?);
    let intermediate = sys::fork().map_err(ForkError::Fork)?;
    if intermediate == 0 {
        drop(start_writer);
        let report = match sys::unshare(UnshareFlags::NEWPID).and_then(|()| sys::fork()) {
            Ok(0) => {
                drop(report_writer);
                // The kernel asks to be killed when its parent ends. That must be the zygote, not this process.
                File::from(start_reader).read_to_end(&mut Vec::new()).map_err(ForkError::Fork)?;
                return Ok(Fork::Child);
            }
            Ok(pid) => pid,
            Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
        };
        let sent = File::from(report_writer).write_all(&report.to_ne_bytes());
        sys::exit_now(i32::from(sent.is_err()));
    }
    drop(report_writer);
    let mut report = [0; 4];
    let read = File::from(report_reader).read_exact(&mut report);
    // The kernel is the zygote's child only after the intermediate process has ended.
    userns::exit_code(intermediate).map_err(ForkError::Fork)?;
    drop(start_writer);
    read.map_err(ForkError::Fork)?;
    match i32::from_ne_bytes(report) {
        pid if pid > 0 => Ok(Fork::Parent { pid }),
        errno => Err(ForkError::Namespace(io::Error::from_raw_os_error(errno.wrapping_neg()))),
    }
}
