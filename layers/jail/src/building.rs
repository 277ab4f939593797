//! The building: what the zygote sets up once, so that each kernel's cell costs little.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::thread::UnshareFlags;

use crate::fork::PidNamespaces;
use crate::seccomp::Filters;
use crate::{root, sys, tree, userns};

/// What a building stands on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The folder with one subfolder per kernel, each holding `files/` and `tmp/`, which belong to the kernel's uid.
    pub kernels_dir: &'a Path,
    /// What kernels may read besides the system's programs and libraries; kept at the same paths. Paths that do not
    /// exist are left out. None may contain the kernels' folder.
    pub readable: &'a [PathBuf],
}

/// Where the right to make namespaces comes from.
pub(crate) enum Standing {
    /// The zygote is root, and each kernel takes an unprivileged user id.
    Root,
    /// The zygote owns a user namespace, and each kernel leaves it for an empty one.
    Owner,
    /// There is no such right, for this reason.
    Nobody(String),
}

/// The zygote's surroundings, as far as the system gave them. See [`raise`](Building::raise).
pub struct Building {
    pub(crate) standing: Standing,
    /// Whether the building has a root of its own, and if not, why.
    pub(crate) own_root: Result<(), String>,
    pub(crate) kernels_dir: PathBuf,
    /// Where the readable paths really are.
    pub(crate) readable: Vec<PathBuf>,
    pub(crate) pid_namespaces: PidNamespaces,
    /// Why the newest fork got no process id namespace; empty when it did.
    pub(crate) pid_refused: RefCell<String>,
    /// Compiled once, since compiling takes longer than all else that a kernel does to confine itself.
    pub(crate) filters: Result<Filters, String>,
}

impl Building {
    /// Sets the building up in the calling process, which must have one thread. Never fails: what the system refuses is
    /// remembered, and told by [`confine_self`](crate::confine_self).
    ///
    /// Afterwards the process has, if all went well, another root directory and another current directory (`/`), a
    /// private `/tmp`, and the readable paths where they were; open descriptors stay as they are.
    pub fn raise(ground: &Ground<'_>) -> Self {
        let readable = root::readable(ground);
        let standing = stand();
        let own_root = match &standing {
            Standing::Nobody(reason) => Err(io::Error::other(reason.clone())),
            Standing::Root | Standing::Owner => sys::unshare(UnshareFlags::NEWNS).and_then(|()| root::replace(ground)),
        };
        Self {
            pid_namespaces: PidNamespaces::prepare(&standing),
            standing,
            own_root: own_root.map_err(|error| error.to_string()),
            kernels_dir: ground.kernels_dir.to_path_buf(),
            readable,
            pid_refused: RefCell::default(),
            filters: Filters::compile().map_err(|error| error.to_string()),
        }
    }

    /// The folder of that slot, as it is seen before the slot's kernel is confined.
    pub(crate) fn slot(&self, slot: &str) -> PathBuf {
        match self.own_root {
            Ok(()) => Path::new(tree::KERNELS).join(slot),
            Err(_) => self.kernels_dir.join(slot),
        }
    }
}

fn stand() -> Standing {
    if rustix::process::geteuid().is_root() {
        return Standing::Root;
    }
    let entered = userns::works().and_then(|()| userns::proc_self()).and_then(|own| userns::enter(own.as_fd()));
    entered.map_or_else(|error: io::Error| Standing::Nobody(error.to_string()), |()| Standing::Owner)
}
