//! Where Python lives: the standard library and the data packages.

use std::path::{Path, PathBuf};

/// Names of variables by which a kernel tells its `python` child processes what [`Home`] it has.
pub(crate) const HOME_VARIABLE: &str = "KERNEL_PYTHON_HOME";
/// See [`HOME_VARIABLE`].
pub(crate) const PACKAGES_VARIABLE: &str = "KERNEL_PYTHON_PACKAGES";

/// The folders that make up an interpreter.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// The prefix that holds `lib/python3.X`.
    pub(crate) prefix: PathBuf,
    /// Folder of the data packages, put on `sys.path`.
    pub(crate) site_packages: PathBuf,
    /// This binary: `sys.executable`.
    pub(crate) executable: PathBuf,
}

impl Home {
    /// The folders given, or in their place those beside this binary (the layer), or those it was built against.
    pub(crate) fn find(prefix: Option<PathBuf>, site_packages: Option<PathBuf>) -> Self {
        let executable = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"));
        let prefix = prefix.unwrap_or_else(|| {
            let beside = executable.parent().and_then(Path::parent).filter(|folder| holds_python(folder));
            beside.unwrap_or(Path::new(env!("KERNEL_PYTHON_HOME"))).to_path_buf()
        });
        let site_packages =
            site_packages.unwrap_or_else(|| prefix.join(env!("KERNEL_PYTHON_LIB")).join("site-packages"));
        Self { prefix, site_packages, executable }
    }

    /// What a kernel must be able to read.
    pub(crate) fn readable(&self) -> Vec<PathBuf> {
        // The executable alone: what lies beside it is the host's business.
        vec![self.prefix.clone(), self.site_packages.clone(), self.executable.clone()]
    }
}

fn holds_python(folder: &Path) -> bool {
    folder.join(env!("KERNEL_PYTHON_LIB")).join("os.py").is_file()
}
