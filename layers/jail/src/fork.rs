//! Forking a kernel as process 1 of a process id namespace of its own.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use crate::building::{Building, Standing};
use crate::{sys, userns};

/// On which side of a fork the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The new process.
    Child,
    /// The process that forked.
    Parent {
        /// The child's id, as the zygote and its host see it.
        pid: i32,
    },
}

/// How kernels come by a process id namespace.
pub(crate) enum PidNamespaces {
    /// Leave for a new one, fork, and come back to the own one through this descriptor. Never closed by us, because in
    /// a child its number may be another file's.
    Return(ManuallyDrop<OwnedFd>),
    /// A process in between makes the namespace, forks the kernel and ends: without privileges outside the user
    /// namespace there is no way back, setns(2).
    InBetween,
    /// Not at all, for this reason.
    Refused(String),
}

impl PidNamespaces {
    pub(crate) fn prepare(standing: &Standing) -> Self {
        let prepared = match standing {
            Standing::Nobody(reason) => Err(io::Error::other(reason.clone())),
            // The zygote becomes the parent of the kernel when the process in between has ended.
            Standing::Owner => rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))
                .map(|()| Self::InBetween)
                .map_err(io::Error::from),
            Standing::Root => File::open("/proc/self/ns/pid").and_then(|own| {
                // Going where one is already needs the same rights as coming back.
                move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))?;
                Ok(Self::Return(ManuallyDrop::new(own.into())))
            }),
        };
        prepared.unwrap_or_else(|error| Self::Refused(error.to_string()))
    }
}

impl Building {
    /// fork(2), into a new process id namespace where that can be had, else without one. The calling process must have
    /// one thread; the handlers of `pthread_atfork` run, those of Python are the caller's to run.
    ///
    /// When the zygote is not root, orphans below it become its children: it must be ready to reap ids it never forked.
    pub fn fork(&self) -> io::Result<Fork> {
        self.pid_refused.replace(String::new());
        let forked = match &self.pid_namespaces {
            PidNamespaces::Return(own) => fork_and_return(own),
            PidNamespaces::InBetween => fork_in_between(),
            PidNamespaces::Refused(reason) => Err(Failed::Namespace(io::Error::other(reason.clone()))),
        };
        match forked {
            Ok(fork) => Ok(fork),
            Err(Failed::Fork(error)) => Err(error),
            Err(Failed::Namespace(error)) => {
                self.pid_refused.replace(error.to_string());
                sys::fork().map(side)
            }
        }
    }
}

/// Why there is no child.
enum Failed {
    /// No namespace could be made; a plain fork may do.
    Namespace(io::Error),
    /// The fork itself failed.
    Fork(io::Error),
}

fn side(pid: i32) -> Fork {
    if pid == 0 { Fork::Child } else { Fork::Parent { pid } }
}

fn fork_and_return(own: &OwnedFd) -> Result<Fork, Failed> {
    sys::unshare(UnshareFlags::NEWPID).map_err(Failed::Namespace)?;
    let forked = sys::fork();
    if !matches!(forked, Ok(0)) {
        move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))
            .map_err(|error| Failed::Fork(error.into()))?;
    }
    forked.map(side).map_err(Failed::Fork)
}

/// The process in between tells the kernel's id, or the negated errno of what it was refused.
fn fork_in_between() -> Result<Fork, Failed> {
    let pipe = || pipe_with(PipeFlags::CLOEXEC).map_err(|error| Failed::Fork(error.into()));
    let ((told, tell), (wait, go)) = (pipe()?, pipe()?);
    let between = sys::fork().map_err(Failed::Fork)?;
    if between == 0 {
        drop(go);
        let word = match sys::unshare(UnshareFlags::NEWPID).and_then(|()| sys::fork()) {
            Ok(0) => {
                drop(tell);
                // A kernel that asked to end with its parent must not mean this one.
                File::from(wait).read_to_end(&mut Vec::new()).map_err(Failed::Fork)?;
                return Ok(Fork::Child);
            }
            Ok(pid) => pid,
            Err(error) => -error.raw_os_error().unwrap_or(libc::EIO),
        };
        let sent = File::from(tell).write_all(&word.to_ne_bytes());
        sys::exit_now(i32::from(sent.is_err()));
    }
    drop(tell);
    let mut word = [0; 4];
    let read = File::from(told).read_exact(&mut word);
    // Only when it has ended is the kernel the zygote's child.
    userns::exit_code(between).map_err(Failed::Fork)?;
    drop(go);
    read.map_err(Failed::Fork)?;
    match i32::from_ne_bytes(word) {
        pid if pid > 0 => Ok(Fork::Parent { pid }),
        errno => Err(Failed::Namespace(io::Error::from_raw_os_error(errno.wrapping_neg()))),
    }
}
