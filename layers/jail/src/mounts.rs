//! Mounts as descriptors: each is made detached, given its attributes, and attached when it is complete, so that no
//! incomplete mount is visible. Needs Linux 5.12, for mount_setattr(2); on an older Linux the jail keeps the host's root.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags,
    fsconfig_create, fsconfig_set_string, fsmount, fsopen, mount_change, move_mount, open_tree, unmount,
};

use crate::sys;

/// Attributes of a mount: `MOUNT_ATTR_*`.
pub(crate) type Attributes = u64;
/// The mount cannot be written.
pub(crate) const READ_ONLY: Attributes = libc::MOUNT_ATTR_RDONLY;
/// Set-user-id bits have no effect.
pub(crate) const NO_SUID: Attributes = libc::MOUNT_ATTR_NOSUID;
/// Device nodes cannot be opened.
pub(crate) const NO_DEV: Attributes = libc::MOUNT_ATTR_NODEV;
/// Programs cannot be run from the mount.
pub(crate) const NO_EXEC: Attributes = libc::MOUNT_ATTR_NOEXEC;

/// Stops mounts and unmounts from propagating between this mount namespace and the one that it was copied from.
pub(crate) fn make_private() -> io::Result<()> {
    Ok(mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?)
}

/// A detached bind mount of `path` and of everything mounted below it.
pub(crate) fn clone_all(path: &Path, attributes: Attributes) -> io::Result<OwnedFd> {
    clone(path, OpenTreeFlags::AT_RECURSIVE, true, attributes)
}

/// A detached bind mount of the folder or file `path` only. Fails when `path` is a symbolic link.
pub(crate) fn clone_one(path: &Path, attributes: Attributes) -> io::Result<OwnedFd> {
    clone(path, OpenTreeFlags::AT_SYMLINK_NOFOLLOW, false, attributes)
}

fn clone(path: &Path, how: OpenTreeFlags, recursive: bool, attributes: Attributes) -> io::Result<OwnedFd> {
    let tree = open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | how)?;
    sys::mount_setattr(&tree, recursive, attributes)?;
    Ok(tree)
}

/// A detached mount of a new file system.
pub(crate) fn new(kind: &str, options: &[(&str, &str)], attributes: Attributes) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, value) in options {
        fsconfig_set_string(&context, *key, *value)?;
    }
    fsconfig_create(&context)?;
    let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::empty())?;
    sys::mount_setattr(&mount, false, attributes)?;
    Ok(mount)
}

/// Attaches a detached mount at `path`.
pub(crate) fn attach(mount: impl AsFd, path: &Path) -> io::Result<()> {
    Ok(move_mount(mount, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Unmounts what is mounted at `path`, and everything below it.
pub(crate) fn detach(path: &Path) -> io::Result<()> {
    Ok(unmount(path, UnmountFlags::DETACH)?)
}
