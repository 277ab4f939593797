//! The jail's root: a small tmpfs with read-only bind mounts of what programs need.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::config::JailConfig;
use crate::mounts::{self, NO_DEV, NO_EXEC, NO_SUID, READ_ONLY};
use crate::paths::{
    DEV_LINKS, DEVICES, EMPTY, ETC_COPIES, ETC_FOLDERS, ETC_GENERATED, FILES, KERNELS, RESERVED, SHM, SYSTEM, TMP,
};

/// A detached bind mount of a path of the host, and its path in the new root.
struct BindMount {
    at: PathBuf,
    mount: OwnedFd,
    folder: bool,
}

/// Replaces the root of this mount namespace, which must be the process's own. After an error the old root is back, unless
/// one of the last calls failed: then the kernels' folder is not at its path and no kernel can start.
pub(crate) fn replace(config: &JailConfig<'_>) -> io::Result<()> {
    let kernels = config.kernels_dir.canonicalize()?;
    mounts::make_private()?;
    // All bind mounts are made first: the new root is mounted on the kernels' folder, the one folder that surely exists, and
    // hides its contents.
    let binds = bind_mounts(config, &kernels)?;
    mounts::attach(mounts::new("tmpfs", &[("mode", "0755"), ("size", "8m")], NO_SUID | NO_DEV)?, &kernels)?;
    let old_mask = rustix::process::umask(Mode::WGRP | Mode::WOTH);
    let moved = std::env::set_current_dir(&kernels)
        .and_then(|()| populate(config, binds))
        // The old root is stacked on the new one and detached below: pivot_root(2), `pivot_root(".", ".")`.
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

/// Everything of the host that the new root shows.
fn bind_mounts(config: &JailConfig<'_>, kernels: &Path) -> io::Result<Vec<BindMount>> {
    let mut folders: Vec<PathBuf> = SYSTEM.iter().map(|name| Path::new("/").join(name)).collect();
    folders.extend(ETC_FOLDERS.iter().map(|name| Path::new("/etc").join(name)));
    folders.retain(|folder| folder.symlink_metadata().is_ok_and(|found| found.is_dir()));
    let mut binds: Vec<BindMount> = Vec::new();
    for path in folders.into_iter().chain(config.real_readable()) {
        if let Some(reserved) = RESERVED.iter().find(|reserved| Path::new(reserved).starts_with(&path)) {
            return Err(io::Error::other(format!("the readable path {} contains {reserved}", path.display())));
        }
        if kernels.starts_with(&path) {
            return Err(io::Error::other(format!("{} contains the kernels' folder", path.display())));
        }
        if !binds.iter().any(|bind| bind.folder && path.starts_with(&bind.at)) {
            let mount = mounts::clone_all(&path, READ_ONLY | NO_SUID | NO_DEV)?;
            binds.push(BindMount { folder: path.is_dir(), at: path, mount });
        }
    }
    for name in DEVICES {
        let at = Path::new("/dev").join(name);
        binds.push(BindMount { mount: mounts::clone_one(&at, READ_ONLY | NO_SUID | NO_EXEC)?, at, folder: false });
    }
    let proc = mounts::clone_all(Path::new("/proc"), NO_SUID | NO_DEV | NO_EXEC)?;
    binds.push(BindMount { at: "/proc".into(), mount: proc, folder: true });
    let all = mounts::clone_all(kernels, NO_SUID | NO_DEV)?;
    binds.push(BindMount { at: KERNELS.into(), mount: all, folder: true });
    Ok(binds)
}

/// Fills the new root, which is the current directory.
fn populate(config: &JailConfig<'_>, binds: Vec<BindMount>) -> io::Result<()> {
    for folder in [FILES, TMP, SHM, "/etc"] {
        fs::create_dir_all(relative(Path::new(folder)))?;
    }
    // The zygote's own /tmp, for libraries that write files while they are imported. Kernels do not see it.
    let tmp = mounts::new("tmpfs", &[("mode", "1777"), ("size", "64m")], NO_SUID | NO_DEV)?;
    mounts::attach(tmp, &relative(Path::new(TMP)))?;
    for bind in binds {
        let at = relative(&bind.at);
        if bind.folder {
            fs::create_dir_all(&at)?;
        } else {
            fs::create_dir_all(at.parent().unwrap_or(Path::new(".")))?;
            fs::File::create(&at)?;
        }
        mounts::attach(bind.mount, &at)?;
    }
    for name in SYSTEM {
        copy_link(&Path::new("/").join(name))?;
    }
    for (name, target) in DEV_LINKS {
        symlink(target, Path::new("dev").join(name))?;
    }
    fs::File::create(relative(Path::new(EMPTY)))?;
    populate_etc()?;
    config.readable.iter().try_for_each(|path| link_to_real_path(path))
}

fn populate_etc() -> io::Result<()> {
    const LARGEST: u64 = 1 << 20;
    for name in ETC_COPIES {
        let (from, to) = (Path::new("/etc").join(name), Path::new("etc").join(name));
        let Ok(found) = from.symlink_metadata() else { continue };
        fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))?;
        if found.is_symlink() {
            copy_link(&from)?;
        } else if found.is_file() && found.len() <= LARGEST {
            fs::write(&to, fs::read(&from)?)?;
        }
    }
    for (name, text) in ETC_GENERATED {
        fs::write(Path::new("etc").join(name), text)?;
    }
    Ok(())
}

/// Creates in the new root the symbolic link that is at `path` in the old one, if there is one.
fn copy_link(path: &Path) -> io::Result<()> {
    match fs::read_link(path) {
        Ok(target) => symlink(target, relative(path)),
        Err(_) => Ok(()),
    }
}

/// Makes a readable path that goes through symbolic links available under that path too.
fn link_to_real_path(path: &Path) -> io::Result<()> {
    let at = relative(path);
    let Ok(real) = path.canonicalize() else { return Ok(()) };
    if real == path || at.symlink_metadata().is_ok() {
        return Ok(());
    }
    fs::create_dir_all(at.parent().unwrap_or(Path::new(".")))?;
    symlink(real, at)
}

/// The path relative to the root.
fn relative(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}
