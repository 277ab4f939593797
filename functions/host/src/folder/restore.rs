//! Brings a working folder to what a manifest says, from what is stored.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rustix::{
    fs::{
        AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, Uid, chownat, fchmod, fchown, fstat, futimens, mkdirat,
        openat, unlinkat,
    },
    io::Errno,
};
use sandcastle::{
    ContentHash, WorkingPath,
    interpreter::RunError,
    layout,
    manifest::{Node, WorkingFile},
    store::StoreError,
};

use super::{Seen, Snapshot, Storage, modes::chmod_folder, open_folder, open_root};
use crate::kernel::slot::Slot;

/// So many objects are read at once.
const CONCURRENT_GETS: usize = 16;

/// Why a working folder could not be restored or stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// The bytes could not be read or written in the bucket.
    #[error("working files in storage")]
    Store(#[from] StoreError),
    /// The folder could not be read or written.
    #[error("working folder")]
    Folder(#[from] io::Error),
    /// What is to be restored takes more disk than a sandbox may use.
    #[error("more than a sandbox may use")]
    TooMuch,
}

impl From<FolderError> for RunError {
    fn from(error: FolderError) -> Self {
        match error {
            FolderError::Store(error) => Self::Store(error),
            FolderError::TooMuch => Self::TooMuch,
            error @ FolderError::Folder(_) => Self::failed(error),
        }
    }
}

impl FolderError {
    /// For something that was read: what is missing in the bucket may be a stop's work.
    pub(crate) fn while_reading(self) -> RunError {
        match self {
            Self::Store(StoreError::Missing { .. }) => RunError::Stale,
            error => error.into(),
        }
    }
}

/// Applies changes (`None`: gone) to the folder of a kernel that is stopped. The files that were written.
pub(crate) async fn restore(
    slot: &Arc<Slot>,
    storage: &Storage,
    changes: BTreeMap<WorkingPath, Option<Node>>,
) -> Result<Snapshot, FolderError> {
    // What was broken off may still write: threads that block cannot be stopped.
    drop(slot.writing.write().await);
    let changes = Arc::new(changes);
    let all = Arc::clone(&changes);
    blocking(slot, move |tree| tree.clear_and_make_folders(&all)).await?;
    let files = changes.iter().filter_map(|(path, node)| match node {
        Some(Node::File(file)) => Some((path.clone(), file.clone())),
        _ => None,
    });
    let files: Vec<_> = files.collect();
    let writes = stream::iter(files).map(|(path, file)| async move {
        let _held = storage.memory.hold(file.size).await.map_err(io::Error::other)?;
        let bytes = fetch(storage, file.hash).await?;
        blocking(slot, move |tree| {
            let seen = tree.write(&path, &file, &bytes)?;
            Ok((path, seen))
        })
        .await
    });
    let files = writes.buffer_unordered(CONCURRENT_GETS).try_collect::<Vec<_>>().await?;
    blocking(slot, move |tree| tree.set_folder_modes(&changes)).await?;
    Ok(Snapshot { files: files.into_iter().collect(), ..Snapshot::now() })
}

async fn fetch(storage: &Storage, hash: ContentHash) -> Result<Bytes, StoreError> {
    let key = layout::file(&storage.sandbox, storage.epoch, hash);
    let Some(bytes) = storage.store.get(&key).await? else { return Err(StoreError::Missing { key }) };
    if ContentHash::of(&bytes) == hash {
        Ok(bytes)
    } else {
        Err(StoreError::Corrupt { key, what: "its bytes have another hash".to_owned() })
    }
}

/// Does something to a slot's working folder, on a thread that may block.
async fn blocking<T: Send + 'static>(
    slot: &Arc<Slot>,
    work: impl FnOnce(Tree) -> io::Result<T> + Send + 'static,
) -> Result<T, FolderError> {
    let (slot, writing) = (Arc::clone(slot), Arc::clone(&slot.writing).read_owned().await);
    let done = tokio::task::spawn_blocking(move || {
        let _writing = writing;
        work(Tree::open(&slot)?)
    });
    Ok(done.await.map_err(io::Error::other)??)
}

/// An open working folder, and who owns what is put there.
struct Tree {
    root: OwnedFd,
    owner: Option<u32>,
}

impl Tree {
    fn open(slot: &Slot) -> io::Result<Self> {
        Ok(Self { root: open_root(&slot.files())?, owner: slot.owner() })
    }

    fn clear_and_make_folders(&self, changes: &BTreeMap<WorkingPath, Option<Node>>) -> io::Result<()> {
        // What is below comes after its folder in the map's order.
        for (path, _) in changes.iter().rev().filter(|(_, node)| node.is_none()) {
            let (folder, name) = self.parent(path)?;
            clear(&folder, name)?;
        }
        for (path, node) in changes {
            if let Some(Node::Folder { .. }) = node {
                let (folder, name) = self.parent(path)?;
                self.enter_or_make(&folder, name)?;
            }
        }
        Ok(())
    }

    fn write(&self, path: &WorkingPath, file: &WorkingFile, bytes: &[u8]) -> io::Result<Seen> {
        let (folder, name) = self.parent(path)?;
        clear(&folder, name)?;
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut open = File::from(openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?);
        open.write_all(bytes)?;
        if let Some(owner) = self.owner {
            fchown(&open, Some(Uid::from_raw(owner)), Some(Gid::from_raw(owner)))?;
        }
        fchmod(&open, Mode::from_raw_mode(file.mode.bits()))?;
        let modified =
            Timespec { tv_sec: file.modified_at.unix_timestamp(), tv_nsec: file.modified_at.nanosecond().into() };
        futimens(&open, &Timestamps { last_access: modified, last_modification: modified })?;
        Ok(Seen::new(&fstat(&open)?, file.hash, false))
    }

    fn set_folder_modes(&self, changes: &BTreeMap<WorkingPath, Option<Node>>) -> io::Result<()> {
        for (path, node) in changes.iter().rev() {
            if let Some(Node::Folder { mode }) = node {
                let (folder, name) = self.parent(path)?;
                chmod_folder(&folder, name, Mode::from_raw_mode(mode.bits()))?;
            }
        }
        Ok(())
    }

    /// The folder that a path's last part is in, made where it is missing, and that part.
    fn parent<'a>(&self, path: &'a WorkingPath) -> io::Result<(OwnedFd, &'a str)> {
        let mut folder = self.root.try_clone()?;
        let mut parts = path.parts().peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return Ok((folder, part));
            }
            folder = self.enter_or_make(&folder, part)?;
        }
        Ok((folder, path.file_name()))
    }

    /// Opens a folder; anything else of that name is removed.
    fn enter_or_make(&self, at: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
        match open_folder(at, name) {
            Err(Errno::NOENT) => {}
            Err(Errno::NOTDIR | Errno::LOOP) => unlinkat(at, name, AtFlags::empty())?,
            other => return Ok(other?),
        }
        mkdirat(at, name, Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH)?;
        if let Some(owner) = self.owner {
            let (uid, gid) = (Uid::from_raw(owner), Gid::from_raw(owner));
            chownat(at, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        Ok(open_folder(at, name)?)
    }
}

/// Removes what has this name: a file, a link, or a folder that is empty. A folder that is not stays.
fn clear(folder: impl AsFd, name: &str) -> io::Result<()> {
    let removed = match unlinkat(&folder, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => unlinkat(&folder, name, AtFlags::REMOVEDIR),
        other => other,
    };
    match removed {
        Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
