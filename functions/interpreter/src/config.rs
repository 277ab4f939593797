//! What a host is given, why it may not start, and the folder that it keeps its kernels in.

use std::{
    fs::{self, DirBuilder, File, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sandcastle_protocol::{Cell, FrameError, Limits, Setup};

use crate::slot;

/// Settings of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// The kernel's executable.
    pub kernel_binary: PathBuf,
    /// The prefix that holds `lib/python3.X`; the one the kernel was built against when absent.
    pub python_home: Option<PathBuf>,
    /// Folder of the data packages.
    pub site_packages: Option<PathBuf>,
    /// Where the kernels' folders live. Belongs to one host at a time and is emptied when it starts and ends.
    pub run_dir: PathBuf,
    /// Most kernels at once; the least recently used one goes first.
    pub max_kernels: usize,
    /// Keep a second zygote that has imported the usual packages.
    pub preload: bool,
    /// Steps of the confinement without which no kernel runs. Empty: best effort.
    pub required_steps: Vec<String>,
    /// Limits of each kernel.
    pub limits: Limits,
    /// How long code may take to end after the interrupt at its limit, before it is killed.
    pub grace: Duration,
    /// When the host is root, a kernel takes this user and group id plus a number below 50,000 that its slot gives.
    pub first_uid: u32,
}

impl HostConfig {
    /// Settings with the usual values: 32 kernels of 2 GiB and 256 processes each, files of 2 GiB, preloading, best effort.
    pub fn new(kernel_binary: PathBuf, run_dir: PathBuf) -> Self {
        Self {
            kernel_binary,
            python_home: None,
            site_packages: None,
            run_dir,
            max_kernels: 32,
            preload: true,
            required_steps: Vec::new(),
            limits: Limits { memory_bytes: 2 << 30, processes: 256, file_bytes: 2 << 30, open_files: 1024 },
            grace: Duration::from_secs(1),
            first_uid: 200_000,
        }
    }

    /// What a zygote is told, with absolute paths: it has another working directory.
    pub(crate) fn setup(&self, kernels_dir: &Path, preload: bool) -> Result<Setup, HostError> {
        let absolute = |path: &PathBuf| {
            fs::canonicalize(path).map_err(|source| HostError::MissingFolder { path: path.clone(), source })
        };
        let cell = Cell {
            kernels_dir: kernels_dir.to_owned(),
            readable: Vec::new(),
            required: self.required_steps.clone(),
            limits: self.limits,
        };
        Ok(Setup {
            python_home: self.python_home.as_ref().map(absolute).transpose()?,
            site_packages: self.site_packages.as_ref().map(absolute).transpose()?,
            preload,
            cell,
        })
    }
}

/// Why a host could not start.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The folder for kernels could not be made ready.
    #[error("prepare {path}")]
    RunDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another host uses the folder for kernels.
    #[error("{path} is in use by another host")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A folder of the settings is not there.
    #[error("find {path}")]
    MissingFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The kernel binary could not be run.
    #[error("run {path}")]
    Spawn {
        /// The binary.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The zygote could not set the interpreter up.
    #[error("set up the interpreter: {message}")]
    Setup {
        /// The zygote's words.
        message: String,
    },
    /// The zygote ended, or said nothing for too long, while it was being set up.
    #[error("the zygote {what}; it wrote: {wrote}")]
    Silent {
        /// What it did.
        what: &'static str,
        /// The end of what it wrote to its standard error.
        wrote: String,
    },
    /// What the zygote said could not be read, as when the binary is of another build.
    #[error("talk to the zygote")]
    Talk(#[from] FrameError),
    /// The zygote that others wait for too could not be started.
    #[error(transparent)]
    Zygote(#[from] Arc<HostError>),
    /// A trial kernel could not be confined as required.
    #[error("confine a kernel: {message}")]
    Refused {
        /// The kernel's words.
        message: String,
    },
}

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
        slot::remove_tree(&self.kernels())
    }
}
