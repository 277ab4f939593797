//! Landlock: file access by path, a second time and without mounts; TCP; and who may be signalled.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use crate::tree::{DEVICES, ETC_COPIES, ETC_FOLDERS, SHM, SYSTEM};

/// The newest rights that this was tested with; on an older Linux those it knows are enforced.
const TESTED: ABI = ABI::V7;
/// The first with scopes for signals and abstract sockets.
const SCOPES: ABI = ABI::V6;

/// What a kernel may reach.
pub(crate) struct Reach<'a> {
    /// Whether the root is the building's own: all that is in it may be read then.
    pub(crate) own_root: bool,
    pub(crate) readable: &'a [PathBuf],
    pub(crate) files: &'a Path,
    pub(crate) tmp: &'a Path,
}

/// What is in force after [`restrict`].
pub(crate) struct Enforced {
    /// Processes outside cannot be signalled.
    pub(crate) signals: bool,
}

/// Restricts the process for good; sets `no_new_privs` on the way.
pub(crate) fn restrict(reach: &Reach<'_>) -> Result<Enforced, String> {
    let status = apply(reach).map_err(|error| error.to_string())?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, landlock) => Err(format!("not enforced: {landlock:?}")),
        (_, LandlockStatus::Available { effective_abi, .. }) => Ok(Enforced { signals: effective_abi >= SCOPES }),
        (_, landlock) => Err(format!("{landlock:?}")),
    }
}

fn apply(reach: &Reach<'_>) -> Result<landlock::RestrictionStatus, RulesetError> {
    let devices = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    let device_access = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::IoctlDev;
    let mut own = vec![reach.files.to_path_buf(), reach.tmp.to_path_buf()];
    if reach.own_root {
        own.push(SHM.into());
    }
    Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()?
        .add_rules(path_beneath_rules(visible(reach), read_and_run()))?
        .add_rules(path_beneath_rules(devices, device_access))?
        .add_rules(path_beneath_rules(own, AccessFs::from_all(TESTED)))?
        .restrict_self()
}

fn read_and_run() -> BitFlags<AccessFs> {
    AccessFs::from_read(TESTED)
}

/// The paths that may be read and run: the building's whole root, or in the host's tree what a building would hold.
fn visible(reach: &Reach<'_>) -> Vec<PathBuf> {
    if reach.own_root {
        return vec!["/".into()];
    }
    let etc = ETC_COPIES.iter().chain(ETC_FOLDERS).map(|name| Path::new("/etc").join(name));
    // Of /proc the kernel's own entry, which is meant by now, and what says nothing about other processes.
    let proc = ["self", "cpuinfo", "meminfo", "stat", "filesystems"].map(|name| Path::new("/proc").join(name));
    let system = SYSTEM.iter().map(|name| Path::new("/").join(name));
    system.chain(etc).chain(proc).chain(reach.readable.iter().cloned()).collect()
}
