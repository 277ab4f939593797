//! Mounts as descriptors: made aside, given their attributes, and attached when finished, so that no half-made one is
//! ever visible. Linux 5.12, for mount_setattr(2); older ones get no building.

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
/// Nothing can be written through it.
pub(crate) const READ_ONLY: Attributes = libc::MOUNT_ATTR_RDONLY;
/// Set-user-id bits do nothing.
pub(crate) const NO_SUID: Attributes = libc::MOUNT_ATTR_NOSUID;
/// Device nodes do nothing.
pub(crate) const NO_DEV: Attributes = libc::MOUNT_ATTR_NODEV;
/// Nothing can be run from it.
pub(crate) const NO_EXEC: Attributes = libc::MOUNT_ATTR_NOEXEC;

/// Cuts this mount namespace off from the one it was copied from, both ways.
pub(crate) fn make_private() -> io::Result<()> {
    Ok(mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?)
}

/// A second view of what is at `path`, with all that is mounted beneath it, detached.
pub(crate) fn clone_all(path: &Path, attributes: Attributes) -> io::Result<OwnedFd> {
    clone(path, OpenTreeFlags::AT_RECURSIVE, true, attributes)
}

/// A second view of the folder or file at `path` alone, detached. Fails when `path` ends in a symbolic link.
pub(crate) fn clone_one(path: &Path, attributes: Attributes) -> io::Result<OwnedFd> {
    clone(path, OpenTreeFlags::AT_SYMLINK_NOFOLLOW, false, attributes)
}

fn clone(path: &Path, how: OpenTreeFlags, recursive: bool, attributes: Attributes) -> io::Result<OwnedFd> {
    let tree = open_tree(CWD, path, OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | how)?;
    sys::mount_setattr(&tree, recursive, attributes)?;
    Ok(tree)
}

/// A new file system, detached.
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

/// Puts a detached mount at `path`.
pub(crate) fn attach(mount: impl AsFd, path: &Path) -> io::Result<()> {
    Ok(move_mount(mount, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Takes away what is mounted at `path`, and all beneath it.
pub(crate) fn detach(path: &Path) -> io::Result<()> {
    Ok(unmount(path, UnmountFlags::DETACH)?)
}
