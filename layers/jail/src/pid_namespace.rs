//! Forks a kernel into a process id namespace of its own, below a process 1 that only waits.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, kill_process};

use crate::init::{Init, Maker};
use crate::privilege::Privilege;
use crate::{fork_into, userns};

/// Which side of a fork the caller is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The new process.
    Child,
    /// The process that forked.
    Parent {
        /// The process id of the child, or of process 1 of its namespace, in the namespace of zygote and host. The latter has
        /// one child at first, which is the new process; it ends as that does, with the code 128 + n after signal n.
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

/// What makes the namespaces; why there are none.
pub(crate) struct PidNamespaces(RefCell<Result<Maker, String>>);

impl PidNamespaces {
    /// The calling process must have one thread.
    pub(crate) fn prepare(privilege: &Privilege) -> Self {
        Self(RefCell::new(match privilege {
            Privilege::None(reason) => Err(reason.clone()),
            Privilege::Root | Privilege::UserNamespace => Maker::start().map_err(|error| error.to_string()),
        }))
    }

    /// The process that makes them.
    pub(crate) fn maker(&self) -> Option<i32> {
        self.0.borrow().as_ref().ok().map(|maker| maker.pid)
    }

    /// Forks into a new namespace.
    pub(crate) fn fork(&self) -> Result<Fork, ForkError> {
        let init = self.init().map_err(ForkError::Namespace)?;
        fork_below(&init).map_err(|error| {
            let _ = kill_process(init.pid, Signal::KILL);
            ForkError::Fork(error)
        })
    }
}

impl PidNamespaces {
    /// A maker that has died, as the system kills processes for want of memory, is replaced.
    fn init(&self) -> io::Result<Init> {
        let mut maker = self.0.borrow_mut();
        let maker = maker.as_mut().map_err(|reason| io::Error::other(reason.clone()))?;
        match maker.init() {
            Err(error) if is_gone(&error) => {
                *maker = Maker::start()?;
                maker.init()
            }
            other => other,
        }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
}

/// Linux gives the kernel to process 1 when the process that forks it, which is of the same namespace, has ended.
fn fork_below(init: &Init) -> io::Result<Fork> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    match fork_into::fork_into(&init.namespace)? {
        0 => {
            drop(writer);
            // Its parent must be process 1 before it asks to be killed with its parent.
            File::from(reader).read_to_end(&mut Vec::new())?;
            Ok(Fork::Child)
        }
        helper => match userns::exit_code(helper)? {
            0 => Ok(Fork::from_pid(init.pid.as_raw_nonzero().get())),
            // A helper was killed.
            libc::EINTR => crate::sys::exit_now(1),
            errno => Err(Errno::from_raw_os_error(errno).into()),
        },
    }
}
