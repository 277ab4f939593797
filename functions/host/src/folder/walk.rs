//! Walks a working folder in a fixed order, within bounds, without following a link.

use std::{
    ffi::{CStr, CString},
    ops::ControlFlow,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, openat, statat},
    io::Errno,
};
use sandcastle::{PathError, WorkingPath, limits};

use super::{modes::chmod_seen, open_folder};

/// Folders deeper than this are left out.
const MAX_DEPTH: usize = 64;
/// The most names that are read of all folders together, so that a walk ends.
const MAX_NAMES: usize = 4 * limits::MAX_NODES;

const UNREADABLE: &str = "the folder could not be read";

/// What a walk comes upon.
pub(super) enum Found<'a> {
    /// A folder; told before what it holds.
    Folder(WorkingPath, &'a Stat),
    /// A regular file.
    File(WorkingPath, FileAt<'a>),
    /// Something that is not kept, and why, for the caller.
    LeftOut(&'a Stat, &'static str),
    /// Something that could not be looked at, with all that it may hold, and why, for the caller.
    Unreadable(&'static str),
}

/// A regular file in its open folder.
pub(super) struct FileAt<'a> {
    folder: BorrowedFd<'a>,
    name: &'a CStr,
    /// Its status.
    pub(super) stat: &'a Stat,
}

impl FileAt<'_> {
    /// Opens it for reading. A file whose mode forbids that to its owner, who the host may be, is opened all the same.
    pub(super) fn open(&self) -> rustix::io::Result<OwnedFd> {
        // NONBLOCK: should this be a pipe after all, opening it must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || openat(self.folder, self.name, flags, Mode::empty());
        match open() {
            Err(Errno::ACCESS) => with_mode(self.folder, self.name, self.stat, Mode::RUSR, open),
            other => other,
        }
    }
}

/// Does something while the owner has these permissions too.
fn with_mode<T>(
    folder: BorrowedFd<'_>,
    name: &CStr,
    stat: &Stat,
    more: Mode,
    what: impl Fn() -> rustix::io::Result<T>,
) -> rustix::io::Result<T> {
    let mode = Mode::from_raw_mode(stat.st_mode);
    chmod_seen(folder, name, stat, mode | more)?;
    let done = what();
    chmod_seen(folder, name, stat, mode)?;
    done
}

/// Tells `visit` of all that is in the folder, with its path, until that breaks off.
pub(super) fn walk(root: &OwnedFd, visit: &mut dyn FnMut(&str, Found<'_>) -> ControlFlow<()>) {
    let mut walk = Walk { visit, names: 0, nodes: 0, path_bytes: 0 };
    let _ = walk.folder(root.as_fd(), "", 0);
}

struct Walk<'a> {
    visit: &'a mut dyn FnMut(&str, Found<'_>) -> ControlFlow<()>,
    names: usize,
    nodes: usize,
    path_bytes: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: BorrowedFd<'_>, path: &str, depth: usize) -> ControlFlow<()> {
        let (names, all) = self.names(folder);
        if !all {
            (self.visit)(path, Found::Unreadable(UNREADABLE))?;
        }
        for name in names {
            let lossy = name.to_string_lossy();
            let below = if path.is_empty() { lossy.into_owned() } else { format!("{path}/{lossy}") };
            let stat = match statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(_) => {
                    (self.visit)(&below, Found::Unreadable("it could not be looked at"))?;
                    continue;
                }
            };
            let kind = FileType::from_raw_mode(stat.st_mode);
            if let Some(why) = not_stored(kind) {
                let shown = limits::prefix(&below, limits::MAX_PATH_BYTES);
                (self.visit)(shown, Found::LeftOut(&stat, why))?;
                continue;
            }
            let working_path = match self.fit(&name, &below, kind, depth) {
                Ok(working_path) => working_path,
                Err(why) => {
                    let shown = limits::prefix(&below, limits::MAX_PATH_BYTES);
                    (self.visit)(shown, Found::LeftOut(&stat, why))?;
                    continue;
                }
            };
            self.nodes += 1;
            self.path_bytes += working_path.as_str().len();
            if kind == FileType::RegularFile {
                (self.visit)(&below, Found::File(working_path, FileAt { folder, name: &name, stat: &stat }))?;
                continue;
            }
            (self.visit)(&below, Found::Folder(working_path, &stat))?;
            match enter(folder, &name, &stat) {
                Ok(inner) => self.folder(inner.as_fd(), &below, depth + 1)?,
                Err(_) => (self.visit)(&below, Found::Unreadable(UNREADABLE))?,
            }
        }
        ControlFlow::Continue(())
    }

    /// The path of what is kept, or why it is not.
    fn fit(&self, name: &CStr, path: &str, kind: FileType, depth: usize) -> Result<WorkingPath, &'static str> {
        if name.to_str().is_err() {
            return Err("the name is not valid UTF-8");
        }
        let path = WorkingPath::parse(path).map_err(|error| match error {
            PathError::Length => "the path is longer than 1024 bytes",
            PathError::Character | PathError::Part => "the path cannot be kept",
        })?;
        if kind == FileType::Directory && depth + 1 >= MAX_DEPTH {
            Err("the folder is nested more than 64 deep")
        } else if self.nodes >= limits::MAX_NODES {
            Err("the sandbox holds more than 20000 files and folders")
        } else if self.path_bytes + path.as_str().len() > limits::MAX_PATHS_BYTES {
            Err("the paths in the sandbox have more than 4 MiB together")
        } else {
            Ok(path)
        }
    }

    /// The folder's names in order, as far as names may still be read, and false when reading failed.
    fn names(&mut self, folder: BorrowedFd<'_>) -> (Vec<CString>, bool) {
        let mut names = Vec::new();
        let mut all = true;
        if let Ok(mut entries) = Dir::read_from(folder) {
            while let Some(entry) = entries.read() {
                let Ok(entry) = entry else {
                    all = false;
                    break;
                };
                if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                    continue;
                }
                if self.names >= MAX_NAMES {
                    break;
                }
                self.names += 1;
                names.push(entry.file_name().to_owned());
            }
        } else {
            all = false;
        }
        names.sort_unstable();
        (names, all)
    }
}

/// Why what is neither a folder nor a regular file is left out, for the caller.
fn not_stored(kind: FileType) -> Option<&'static str> {
    match kind {
        FileType::Directory | FileType::RegularFile => None,
        FileType::Symlink => Some("a symbolic link is not stored: it ends with the kernel"),
        FileType::Fifo => Some("a named pipe is not stored: it ends with the kernel"),
        _ => Some("a socket or device is not stored: it ends with the kernel"),
    }
}

/// Opens a folder for a look at all that is in it.
fn enter(folder: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> rustix::io::Result<OwnedFd> {
    let mode = Mode::from_raw_mode(stat.st_mode);
    // Its files cannot be reached without search permission either, so it stays open to its owner.
    let open_up = || chmod_seen(folder, name, stat, mode | Mode::RWXU);
    if !mode.contains(Mode::RUSR | Mode::XUSR) && !rustix::process::geteuid().is_root() {
        open_up()?;
    }
    match open_folder(folder, name) {
        Err(Errno::ACCESS) => open_up().and_then(|()| open_folder(folder, name)),
        other => other,
    }
}
