//! The folder that a host keeps its kernels in.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{error::HostError, kernel::slot::remove_tree};

/// The folder of a host's kernels, locked against other hosts.
pub(crate) struct RunDir {
    path: PathBuf,
    _lock: File,
}

impl RunDir {
    /// Makes the folder, locks it, and removes what a dead host left in it.
    pub(crate) fn prepare(path: &Path) -> Result<Self, HostError> {
        let failed = |source| HostError::RunDir { path: path.to_owned(), source };
        // Kernels have user ids of their own and must reach their folder by its path where no mount namespace is given.
        let passable = |path: &Path| {
            DirBuilder::new().recursive(true).mode(0o711).create(path)?;
            fs::set_permissions(path, Permissions::from_mode(0o711))
        };
        passable(path).map_err(failed)?;
        let path = fs::canonicalize(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(HostError::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let this = Self { path, _lock: lock };
        this.clear().map_err(failed)?;
        passable(&this.kernels()).map_err(failed)?;
        Ok(this)
    }

    /// The folder that holds one folder per kernel.
    pub(crate) fn kernels(&self) -> PathBuf {
        self.path.join("kernels")
    }

    /// Removes all that kernels left.
    pub(crate) fn clear(&self) -> io::Result<()> {
        remove_tree(&self.kernels())
    }
}
