//! The jail: what the zygote prepares once, so that confining each kernel takes little time.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use rustix::thread::UnshareFlags;

use crate::config::JailConfig;
use crate::pid_namespace::{Fork, ForkError, PidNamespaces};
use crate::privilege::Privilege;
use crate::seccomp::Filters;
use crate::{paths, root, sys};

/// The zygote's prepared namespaces and root file system, as far as the system granted them. See [`Jail::prepare`].
pub struct Jail {
    pub(crate) privilege: Privilege,
    /// Whether the jail has its own root, and if not, why.
    pub(crate) own_root: Result<(), String>,
    kernels_dir: PathBuf,
    /// The readable paths without symbolic links.
    pub(crate) readable: Vec<PathBuf>,
    pid_namespaces: PidNamespaces,
    /// Why the newest fork got no process id namespace; empty when it did.
    pub(crate) pid_refused: RefCell<String>,
    /// Compiled once: compiling takes longer than all other steps of a kernel's confinement together.
    pub(crate) filters: Result<Filters, String>,
}

impl Jail {
    /// Prepares a jail in the calling process, which must have one thread. Never fails: what the system refuses is reported
    /// by [`confine_self`](crate::confine_self).
    ///
    /// Afterwards, if the system granted everything, the process has another root directory, `/` as its current directory,
    /// a private `/tmp`, and the readable paths where they were. Open descriptors stay as they are.
    pub fn prepare(config: &JailConfig<'_>) -> Self {
        let readable = config.real_readable();
        let privilege = Privilege::obtain();
        let own_root = match &privilege {
            Privilege::None(reason) => Err(io::Error::other(reason.clone())),
            Privilege::Root | Privilege::UserNamespace => {
                sys::unshare(UnshareFlags::NEWNS).and_then(|()| root::replace(config))
            }
        };
        Self {
            pid_namespaces: PidNamespaces::prepare(&privilege),
            privilege,
            own_root: own_root.map_err(|error| error.to_string()),
            kernels_dir: config.kernels_dir.to_path_buf(),
            readable,
            pid_refused: RefCell::default(),
            filters: Filters::compile().map_err(|error| error.to_string()),
        }
    }

    /// fork(2), into a new process id namespace if the system grants one. The calling process must have one thread. The
    /// handlers of `pthread_atfork` run; the caller must run those of Python.
    ///
    /// The zygote must be ready to reap processes that it did not fork.
    pub fn fork(&self) -> io::Result<Fork> {
        self.pid_refused.replace(String::new());
        match self.pid_namespaces.fork() {
            Ok(fork) => Ok(fork),
            Err(ForkError::Fork(error)) => Err(error),
            Err(ForkError::Namespace(error)) => {
                self.pid_refused.replace(error.to_string());
                sys::fork().map(Fork::from_pid)
            }
        }
    }

    /// A process that the jail has forked for itself.
    pub fn helper(&self) -> Option<i32> {
        self.pid_namespaces.maker()
    }

    /// Whether the newest fork has got a process id namespace.
    pub(crate) fn is_in_own_pid_namespace(&self) -> bool {
        self.pid_refused.borrow().is_empty()
    }

    /// The folder of this slot, at its path before the slot's kernel is confined.
    pub(crate) fn slot(&self, slot: &str) -> PathBuf {
        match self.own_root {
            Ok(()) => Path::new(paths::KERNELS).join(slot),
            Err(_) => self.kernels_dir.join(slot),
        }
    }
}
