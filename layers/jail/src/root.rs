//! The building's root: a small tmpfs of our own making, holding read-only views of what programs need.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::building::Ground;
use crate::mounts::{self, NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};
use crate::tree::{DEV_LINKS, DEVICES, ETC_COPIES, ETC_FOLDERS, ETC_OWN, FILES, KERNELS, OWN, SHM, SYSTEM, TMP};

/// A view made of the host's tree, and where it goes.
struct View {
    at: PathBuf,
    mount: OwnedFd,
    folder: bool,
}

/// Replaces the root of this mount namespace, which must be the process's own. On an error the old root is back, unless
/// the very last calls failed: then the kernels' folder is not where a caller expects it, and no kernel can start.
pub(crate) fn replace(ground: &Ground<'_>) -> io::Result<()> {
    let kernels = ground.kernels_dir.canonicalize()?;
    mounts::make_private()?;
    // All views are made first: the new root is put together on top of the kernels' folder, the one folder that is
    // sure to exist, and hides what is there.
    let views = views(ground, &kernels)?;
    mounts::attach(mounts::new("tmpfs", &[("mode", "0755"), ("size", "8m")], NO_SUID | NO_DEV)?, &kernels)?;
    let old_mask = rustix::process::umask(Mode::WGRP | Mode::WOTH);
    let moved = std::env::set_current_dir(&kernels)
        .and_then(|()| furnish(ground, views))
        // The old root lands on top of the new one and is taken off at once: pivot_root(2), "pivot_root(".", ".")".
        .and_then(|()| Ok(rustix::process::pivot_root(".", ".")?));
    rustix::process::umask(old_mask);
    if let Err(error) = moved {
        std::env::set_current_dir("/")?;
        mounts::detach(&kernels)?;
        return Err(error);
    }
    mounts::detach(Path::new("."))?;
    std::env::set_current_dir("/")?;
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    crate::sys::mount_setattr(root, false, READ_ONLY | NO_SUID | NO_DEV)
}

/// Everything that is taken over from the host, as detached views.
fn views(ground: &Ground<'_>, kernels: &Path) -> io::Result<Vec<View>> {
    let mut folders: Vec<PathBuf> = SYSTEM.iter().map(|name| Path::new("/").join(name)).collect();
    folders.extend(ETC_FOLDERS.iter().map(|name| Path::new("/etc").join(name)));
    folders.retain(|folder| folder.symlink_metadata().is_ok_and(|found| found.is_dir()));
    let mut views: Vec<View> = Vec::new();
    for path in folders.into_iter().chain(readable(ground)) {
        if let Some(ours) = OWN.iter().find(|ours| Path::new(ours).starts_with(&path)) {
            return Err(io::Error::other(format!("the readable path {} covers {ours}", path.display())));
        }
        if kernels.starts_with(&path) {
            return Err(io::Error::other(format!("the kernels' folder lies within {}", path.display())));
        }
        if !views.iter().any(|view| view.folder && path.starts_with(&view.at)) {
            let mount = mounts::clone_all(&path, READ_ONLY | NO_SUID | NO_DEV)?;
            views.push(View { folder: path.is_dir(), at: path, mount });
        }
    }
    for name in DEVICES {
        let at = Path::new("/dev").join(name);
        views.push(View { mount: mounts::clone_one(&at, READ_ONLY | NO_SUID | NO_EXEC)?, at, folder: false });
    }
    let proc = mounts::clone_all(Path::new("/proc"), NO_SUID | NO_DEV | NO_EXEC)?;
    views.push(View { at: "/proc".into(), mount: proc, folder: true });
    let all = mounts::clone_all(kernels, NO_SUID | NO_DEV)?;
    views.push(View { at: KERNELS.into(), mount: all, folder: true });
    Ok(views)
}

/// The readable paths that exist, where they really are; shortest first, so that a path within one that is there
/// already needs no view of its own.
pub(crate) fn readable(ground: &Ground<'_>) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = ground.readable.iter().filter_map(|path| path.canonicalize().ok()).collect();
    paths.sort_by_key(|path| path.as_os_str().len());
    paths
}

/// Fills the new root, which is the current directory.
fn furnish(ground: &Ground<'_>, views: Vec<View>) -> io::Result<()> {
    for folder in [FILES, TMP, SHM, "/etc"] {
        fs::create_dir_all(inside(Path::new(folder)))?;
    }
    // The zygote's own, for libraries that write something while they are imported; kernels do not see it.
    let tmp = mounts::new("tmpfs", &[("mode", "1777"), ("size", "64m")], NO_SUID | NO_DEV)?;
    mounts::attach(tmp, &inside(Path::new(TMP)))?;
    for view in views {
        let at = inside(&view.at);
        if view.folder {
            fs::create_dir_all(&at)?;
        } else {
            fs::create_dir_all(at.parent().unwrap_or(Path::new(".")))?;
            fs::File::create(&at)?;
        }
        mounts::attach(view.mount, &at)?;
    }
    for name in SYSTEM {
        relink(&Path::new("/").join(name))?;
    }
    for (name, target) in DEV_LINKS {
        symlink(target, Path::new("dev").join(name))?;
    }
    furnish_etc()?;
    ground.readable.iter().try_for_each(|path| spell(path))
}

fn furnish_etc() -> io::Result<()> {
    const LARGEST: u64 = 1 << 20;
    for name in ETC_COPIES {
        let (from, to) = (Path::new("/etc").join(name), Path::new("etc").join(name));
        let Ok(found) = from.symlink_metadata() else { continue };
        fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
        if found.is_symlink() {
            relink(&from)?;
        } else if found.is_file() && found.len() <= LARGEST {
            fs::write(&to, fs::read(&from)?)?;
        }
    }
    for (name, text) in ETC_OWN {
        fs::write(Path::new("etc").join(name), text)?;
    }
    Ok(())
}

/// The same symbolic link in the new root, when there is one at `path` in the old.
fn relink(path: &Path) -> io::Result<()> {
    match fs::read_link(path) {
        Ok(target) => symlink(target, inside(path)),
        Err(_) => Ok(()),
    }
}

/// Makes a readable path work as it was spelt, when links led to where it is.
fn spell(path: &Path) -> io::Result<()> {
    let at = inside(path);
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    if real == path || at.symlink_metadata().is_ok() {
        return Ok(());
    }
    fs::create_dir_all(at.parent().unwrap_or(Path::new(".")))?;
    symlink(real, at)
}

/// The path in the new root, relative to it.
fn inside(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}
