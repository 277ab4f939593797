//! Where Python is installed: the standard library and the packages.

use std::path::{Path, PathBuf};

/// Environment variables that give a kernel's `python` child processes the paths of [`Home`].
pub(crate) const HOME_VARIABLE: &str = "KERNEL_PYTHON_HOME";
/// See [`HOME_VARIABLE`].
pub(crate) const PACKAGES_VARIABLE: &str = "KERNEL_PYTHON_PACKAGES";

/// The paths of a Python installation.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// The prefix that holds `lib/python3.X`.
    pub(crate) prefix: PathBuf,
    /// Folder of the installed packages; appended to `sys.path`.
    pub(crate) site_packages: PathBuf,
    /// This binary: `sys.executable`.
    pub(crate) executable: PathBuf,
}

impl Home {
    /// The given folders. When absent: those next to this binary (in the layer), or those that it was built against.
    pub(crate) fn find(prefix: Option<PathBuf>, site_packages: Option<PathBuf>) -> Self {
        let executable = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        let prefix = prefix.unwrap_or_else(|| {
            let layer = executable.parent().and_then(Path::parent).filter(|folder| holds_python(folder));
            layer.unwrap_or(Path::new(env!("KERNEL_PYTHON_HOME"))).to_path_buf()
        });
        let site_packages =
            site_packages.unwrap_or_else(|| prefix.join(env!("KERNEL_PYTHON_LIB")).join("site-packages"));
        Self { prefix, site_packages, executable }
    }

    /// The paths that a kernel must be able to read.
    pub(crate) fn readable(&self) -> Vec<PathBuf> {
        // The executable and not its folder, which may hold files of the host.
        vec![self.prefix.clone(), self.site_packages.clone(), self.executable.clone()]
    }
}

fn holds_python(folder: &Path) -> bool {
    folder.join(env!("KERNEL_PYTHON_LIB")).join("os.py").is_file()
}
