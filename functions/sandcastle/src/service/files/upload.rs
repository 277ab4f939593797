//! Files from outside: who may add one, where it goes, and the entry that adds it.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::bad_path;
use crate::{
    ContentHash, FileMode, Principal, SandboxId, Scope, WorkingPath,
    contract::FileUploaded,
    entry::{Change, Head},
    layout,
    ledger::put_renewed,
    limits,
    manifest::{Epoch, Manifest, Node, WorkingFile},
    service::{Sandcastles, ServiceError, admission::Whose, demand_running},
    store::Body,
};

/// Permission bits of an uploaded file.
const FILE_MODE: FileMode = FileMode::of(0o644);
/// Permission bits of the folders that are made for it.
const FOLDER_MODE: FileMode = FileMode::of(0o755);

/// Leave to add files to one life of a sandbox.
#[derive(Clone, Debug)]
pub struct Upload {
    pub(super) id: SandboxId,
    pub(super) epoch: Epoch,
}

/// Where a file goes.
#[derive(Clone, Debug)]
pub struct Destination {
    pub(super) id: SandboxId,
    pub(super) epoch: Epoch,
    pub(super) path: WorkingPath,
}

/// A file's bytes, with the digest that whoever took them in has computed.
#[derive(Clone)]
pub struct Content {
    /// The bytes.
    pub body: Arc<dyn Body>,
    /// Their digest.
    pub hash: ContentHash,
}

impl Upload {
    /// A place in the working folder.
    ///
    /// # Errors
    /// When the path leaves the folder or names something hidden.
    pub fn to(&self, path: &str) -> Result<Destination, ServiceError> {
        Ok(Destination { id: self.id, epoch: self.epoch, path: WorkingPath::to_put(path).map_err(bad_path)? })
    }
}

impl Sandcastles {
    /// Asks for leave to add files, before any of their bytes is read.
    pub async fn may_upload(&self, caller: &Principal, id: &str) -> Result<Upload, ServiceError> {
        let (id, head) = self.admit(caller, id, Scope::Write, Whose::Own).await?;
        demand_running(&head)?;
        Ok(Upload { id, epoch: head.manifest.epoch })
    }

    /// Puts a file into the working folder, over one of that name.
    pub async fn put_file(
        &self,
        to: &Destination,
        content: Content,
        deadline: Instant,
    ) -> Result<FileUploaded, ServiceError> {
        let size = content.body.size();
        check_size(size)?;
        let key = layout::file(&to.id, to.epoch, content.hash);
        in_time(deadline, put_renewed(self.store.as_ref(), &key, &content.body)).await??;
        self.add(to, content.hash, size, deadline).await
    }

    /// Commits a file whose bytes have just been stored.
    pub(super) async fn add(
        &self,
        to: &Destination,
        hash: ContentHash,
        size: u64,
        deadline: Instant,
    ) -> Result<FileUploaded, ServiceError> {
        let Destination { id, epoch, path } = to;
        let now = self.now();
        let file = WorkingFile::new(hash, size, FILE_MODE, now, now);
        let with_file = |old: &Head| {
            demand_running(old)?;
            if old.manifest.epoch != *epoch {
                return Err(ServiceError::Conflict("the sandbox was stopped and started again; try again"));
            }
            let mut files = BTreeMap::clone(&old.manifest.files);
            insert(&mut files, path, file.clone())?;
            Ok(Some(Manifest { files: Arc::new(files), ..old.manifest.as_ref().clone() }))
        };
        let _turn = self.turn(id, deadline).await?;
        self.change(id, Change::FilePut { name: path.clone() }, deadline, with_file).await?;
        let filename = path.file_name().to_owned();
        Ok(FileUploaded { filename, size_bytes: size })
    }
}

/// What storage does for an upload, if it takes no longer than the call may.
pub(super) async fn in_time<T>(deadline: Instant, work: impl Future<Output = T>) -> Result<T, ServiceError> {
    let done = tokio::time::timeout_at(deadline.into(), work).await;
    done.map_err(|_| ServiceError::Conflict("storing the upload took all of this call's time; try again"))
}

/// Refuses what is longer than a file may be.
pub(super) fn check_size(size: u64) -> Result<(), ServiceError> {
    let too_long = || ServiceError::Invalid(format!("a file may have {} bytes at most", limits::MAX_FILE_BYTES));
    (size <= limits::MAX_FILE_BYTES).then_some(()).ok_or_else(too_long)
}

/// Adds the file and the folders above it, unless one of them is a file or the path is a folder.
fn insert(files: &mut BTreeMap<WorkingPath, Node>, path: &WorkingPath, file: WorkingFile) -> Result<(), ServiceError> {
    let shown = |path: &WorkingPath| format!("{:?}", path.as_str());
    for folder in path.folders() {
        match files.get(&folder) {
            Some(Node::File(_)) => return Err(ServiceError::Invalid(format!("{} is a file", shown(&folder)))),
            Some(Node::Folder { .. }) => {}
            None => _ = files.insert(folder, Node::Folder { mode: FOLDER_MODE }),
        }
    }
    match files.get(path) {
        Some(Node::Folder { .. }) => Err(ServiceError::Invalid(format!("{} is a folder", shown(path)))),
        _ if files.len() >= limits::MAX_NODES => {
            Err(ServiceError::Invalid(format!("a sandbox keeps at most {} files and folders", limits::MAX_NODES)))
        }
        _ => {
            files.insert(path.clone(), Node::File(file));
            let bytes: usize = files.keys().map(|path| path.as_str().len()).sum();
            let most = limits::MAX_PATHS_BYTES;
            let too_long =
                || ServiceError::Invalid(format!("the paths in a sandbox may have {most} bytes together at most"));
            (bytes <= most).then_some(()).ok_or_else(too_long)
        }
    }
}
