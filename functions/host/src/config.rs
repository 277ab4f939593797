//! What a host of kernels is given.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sandcastle_protocol::{Cell, Limits, Setup, Step};

use crate::{error::HostError, kernel::usage::Quota};

/// Files, folders and links of a sandbox; more than are kept of it.
const MAX_NODES: u64 = 50_000;

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
    /// Kernels hold all variables against what each call may have changed.
    pub audit: bool,
    /// Steps of the confinement without which no kernel runs. Empty: best effort.
    pub required_steps: Vec<Step>,
    /// Limits of each kernel.
    pub limits: Limits,
    /// Disk that each sandbox may use, in bytes.
    pub disk_bytes: u64,
    /// How long code may take to end after the interrupt at its limit, before it is killed.
    pub grace: Duration,
    /// Where other hosts serve the same bucket: how often kernels that are idle for longer than this are held against the ledger,
    /// and end when their sandbox went on elsewhere. Longer than any call takes.
    pub sweep_every: Option<Duration>,
    /// When the host is root, a kernel takes this user and group id plus a number below 50,000 that its slot gives; or the last ids that
    /// there are, in a user namespace that has not so many.
    pub first_uid: u32,
}

impl HostConfig {
    /// Settings with the usual values: 32 kernels of 2 GiB and 128 processes each, files of 2 GiB, 4 GiB of disk, preloading, best effort.
    pub fn new(kernel_binary: PathBuf, run_dir: PathBuf) -> Self {
        Self {
            kernel_binary,
            python_home: None,
            site_packages: None,
            run_dir,
            max_kernels: 32,
            preload: true,
            audit: false,
            required_steps: Vec::new(),
            limits: Limits { memory_bytes: 2 << 30, processes: 128, file_bytes: 2 << 30, open_files: 1024 },
            disk_bytes: 4 << 30,
            grace: Duration::from_secs(1),
            sweep_every: None,
            first_uid: 200_000,
        }
    }

    /// What the processes of a sandbox may use together.
    pub(crate) fn quota(&self) -> Quota {
        Quota { memory_bytes: self.limits.memory_bytes, disk_bytes: self.disk_bytes, disk_nodes: MAX_NODES }
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
            audit: self.audit,
            cell,
        })
    }
}
