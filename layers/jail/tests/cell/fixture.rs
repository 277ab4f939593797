//! Folders on the host that every scenario uses, and helpers for the cases.

use std::error::Error;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

use sandcastle_jail::{Confined, Jail, JailError, Policy, confine_self};
use sandcastle_protocol::{Limits, Step};

use crate::Outcome;

/// The kernels' user ids if the zygote is root. No account of this machine has them.
pub(crate) const UIDS: [u32; 2] = [61_000, 61_001];
pub(crate) const LIMITS: Limits =
    Limits { memory_bytes: 256 << 20, processes: 24, file_bytes: 1 << 20, open_files: 128 };

/// Folders and files on the host.
pub(crate) struct Fixture {
    folder: tempfile::TempDir,
    /// What kernels may read.
    pub(crate) readable: Vec<PathBuf>,
    /// The zygote's process id, as the host sees it.
    pub(crate) zygote: i32,
    /// The number of a descriptor that is open when the kernel is forked.
    pub(crate) leaked: i32,
}

impl Fixture {
    pub(crate) fn create() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let open = |mode| fs::Permissions::from_mode(mode);
        fs::set_permissions(folder.path(), open(0o755))?;
        for (slot, uid) in UIDS.iter().enumerate() {
            for name in ["files", "tmp"] {
                let path = folder.path().join("kernels").join(slot.to_string()).join(name);
                fs::create_dir_all(&path)?;
                // Writable by everybody: the cell must keep other kernels out, not the mode.
                fs::set_permissions(&path, open(0o777))?;
                fs::write(path.join("own"), slot.to_string())?;
                if rustix::process::geteuid().is_root() {
                    chown(&path, Some(*uid), Some(*uid))?;
                }
            }
        }
        fs::write(folder.path().join("secret"), "host")?;
        fs::create_dir(folder.path().join("layer"))?;
        fs::write(folder.path().join("layer/module"), "layer")?;
        if rustix::process::geteuid().is_root() {
            let suid = folder.path().join("kernels/0/files/suid");
            fs::copy("/usr/bin/id", &suid)?;
            fs::set_permissions(&suid, open(0o4755))?;
        }
        let secret = fs::File::open(folder.path().join("secret"))?;
        let leaked = std::os::fd::AsRawFd::as_raw_fd(&secret);
        std::mem::forget(secret);
        let readable = vec![folder.path().join("layer")];
        Ok(Self { folder, readable, zygote: rustix::process::getpid().as_raw_pid(), leaked })
    }

    pub(crate) fn kernels(&self) -> PathBuf {
        self.folder.path().join("kernels")
    }

    pub(crate) fn host(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Confines this process as the kernel of that slot.
pub(crate) fn confine(jail: &Jail, slot: usize, required: &[Step]) -> Result<Confined, JailError> {
    let uid = UIDS.get(slot).copied().unwrap_or_default();
    confine_self(jail, &Policy { slot: &slot.to_string(), uid, limits: LIMITS, ends_first: false, keep: &[], required })
}

/// Fails with this text unless the condition is true.
pub(crate) fn ensure(condition: bool, otherwise: impl Into<String>) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise.into().into()) }
}

/// The first word after a name in this process's status, such as `CapEff:`.
pub(crate) fn status(name: &str) -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    Ok(line.and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned())
}
