//! Landlock (landlock(7)): restricts file access by path, independently of mounts, and also TCP and signals.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use crate::paths::{CONTAINER_LIMITS, DEVICES, ETC_COPIES, ETC_FOLDERS, SHM, SYSTEM};

/// The newest version of Landlock that was tested. An older Linux enforces the rights that it knows.
const TESTED: ABI = ABI::V7;
/// The first version with scopes for signals and abstract sockets.
const SCOPES: ABI = ABI::V6;

/// The paths that a kernel may use.
pub(crate) struct AllowedPaths<'a> {
    /// Whether the root is the jail's own: everything in it may be read then.
    pub(crate) own_root: bool,
    /// Paths that may be read and run.
    pub(crate) readable: &'a [PathBuf],
    /// The working directory, which may be written.
    pub(crate) files: &'a Path,
    /// The temporary folder, which may be written.
    pub(crate) tmp: &'a Path,
}

/// What Linux enforces after [`restrict`].
pub(crate) struct Enforced {
    /// True when processes outside cannot be signalled.
    pub(crate) signals: bool,
}

/// Restricts the process irrevocably. Also sets `no_new_privs`, which Landlock demands.
pub(crate) fn restrict(allowed: &AllowedPaths<'_>) -> Result<Enforced, String> {
    let status = apply(allowed).map_err(|error| error.to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, landlock) => Err(format!("not enforced: {landlock:?}")),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Enforced { signals: effective_abi >= SCOPES }),
        (_, landlock) => Err(format!("{landlock:?}")),
    }
}

fn apply(allowed: &AllowedPaths<'_>) -> Result<landlock::RestrictionStatus, RulesetError> {
    let devices = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    let device_access = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let mut own = vec![allowed.files.to_path_buf(), allowed.tmp.to_path_buf()];
    if allowed.own_root {
        own.push(SHM.into());
    }
    Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?
        .add_rules(path_beneath_rules(readable(allowed), read_and_run()))?
        .add_rules(path_beneath_rules(devices, device_access))?
        .add_rules(path_beneath_rules(own, AccessFs::from_all(TESTED)))?
        .restrict_self()
}

fn read_and_run() -> BitFlags<AccessFs> {
    AccessFs::from_read(TESTED)
}

/// The paths that may be read and run: the jail's whole root, or those paths of the host that a jail's root would show.
fn readable(allowed: &AllowedPaths<'_>) -> Vec<PathBuf> {
    if allowed.own_root {
        return vec!["/".into()];
    }
    let etc = ETC_COPIES.iter().chain(ETC_FOLDERS).map(|name| Path::new("/etc").join(name));
    // Of /proc: the kernel's own entry, which `self` means now, and files that say nothing about other processes.
    let proc = ["self", "cpuinfo", "meminfo", "stat", "filesystems"].map(|name| Path::new("/proc").join(name));
    let system = SYSTEM.iter().map(|name| Path::new("/").join(name));
    let limits = CONTAINER_LIMITS.iter().map(|name| Path::new("/sys/fs/cgroup").join(name));
    system.chain(etc).chain(proc).chain(limits).chain(allowed.readable.iter().cloned()).collect()
}
