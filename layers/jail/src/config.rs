//! The configuration of a jail.

use std::path::{Path, PathBuf};

/// The host's folders that a jail gives its kernels access to.
#[derive(Clone, Copy, Debug)]
pub struct JailConfig<'a> {
    /// The folder with one subfolder per kernel. Each holds `files/` and `tmp/`, which belong to the kernel's user id.
    pub kernels_dir: &'a Path,
    /// What kernels may read besides the system's programs and libraries, at the same paths. Paths that do not exist are
    /// left out. None may contain the kernels' folder.
    pub readable: &'a [PathBuf],
}

impl JailConfig<'_> {
    /// The readable paths that exist, without symbolic links; shortest first, so that a path comes after the folder that
    /// contains it.
    pub(crate) fn real_readable(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.readable.iter().filter_map(|path| path.canonicalize().ok()).collect();
        paths.sort_by_key(|path| path.as_os_str().len());
        paths
    }
}
