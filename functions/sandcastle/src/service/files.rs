//! Working files from outside: list, read, put, delete. A put or a delete is a ledger entry like any other; a warm kernel
//! takes it over without being restarted.

mod staged;
mod upload;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Sandcastles, ServiceError, admission::Whose, answer::link, demand_running};
use crate::{
    ContentHash, ContentHasher, MimeType, PathError, Principal, Scope, WorkingPath,
    contract::{FileLink, FileList, FileListed},
    entry::Change,
    layout,
    manifest::{Manifest, Node},
    report::GeneratedFile,
    store::{Pieces, StoreError},
};

pub use upload::{Content, Destination, Upload};

impl Sandcastles {
    /// One level of the working folder, hidden names left out; `folder` is empty for the top.
    pub async fn list_files(&self, caller: &Principal, id: &str, folder: &str) -> Result<FileList, ServiceError> {
        let (_, head) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        demand_running(&head)?;
        // The top may be called `/`; any other path that begins with a slash would lead out of the working folder.
        let folder = if folder == "/" { "" } else { folder.strip_suffix('/').unwrap_or(folder) };
        if !folder.is_empty() {
            let there = matches!(head.manifest.files.get(&path_to_find(folder)?), Some(Node::Folder { .. }));
            there.then_some(()).ok_or(ServiceError::NoFile)?;
        }
        let inside = |path: &str| match folder {
            "" => Some(path.to_owned()),
            _ => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned),
        };
        let children = head.manifest.files.iter().filter_map(|(path, node)| Some((inside(path.as_str())?, node)));
        let shown = children.filter(|(name, _)| !name.contains('/') && !name.starts_with('.'));
        let files = shown.map(|(name, node)| match node {
            Node::File(file) => {
                FileListed { name, size_bytes: file.size, is_dir: false, modified_at: file.modified_at }
            }
            Node::Folder { .. } => FileListed { name, size_bytes: 0, is_dir: true, modified_at: head.at },
        });
        Ok(FileList { files: files.collect() })
    }

    /// A working file, to be read as it arrives.
    pub async fn read_file(&self, caller: &Principal, id: &str, path: &str) -> Result<FileContent, ServiceError> {
        let (id, mut head) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        demand_running(&head)?;
        let path = path_to_find(path)?;
        loop {
            let Some(Node::File(file)) = head.manifest.files.get(&path) else { return Err(ServiceError::NoFile) };
            let key = layout::file(&id, head.manifest.epoch, file.hash);
            if let Some(pieces) = self.store.get_stream(&key).await? {
                return Ok(FileContent { size: file.size, pieces: verified(pieces, key, file.hash) });
            }
            // A stop may have deleted it meanwhile.
            let newest = self.newest(&id).await?;
            if newest.position == head.position {
                return Err(StoreError::Missing { key }.into());
            }
            demand_running(&newest)?;
            head = newest;
        }
    }

    /// A presigned URL of a working file, of any length.
    pub async fn link_file(&self, caller: &Principal, id: &str, path: &str) -> Result<FileLink, ServiceError> {
        let (id, head) = self.admit(caller, id, Scope::Read, Whose::Org).await?;
        demand_running(&head)?;
        let name = path_to_find(path)?;
        let Some(Node::File(file)) = head.manifest.files.get(&name) else { return Err(ServiceError::NoFile) };
        // Like a download: what it holds is for its reader to find out.
        let file = GeneratedFile { name, mime_type: MimeType::unknown(), hash: file.hash, size: file.size };
        Ok(link(&*self.store, &id, head.manifest.epoch, file, self.now()).await?)
    }

    /// Deletes a working file; a folder is refused.
    pub async fn delete_file(
        &self,
        caller: &Principal,
        id: &str,
        path: &str,
        deadline: Instant,
    ) -> Result<(), ServiceError> {
        let (id, head) = self.admit(caller, id, Scope::Write, Whose::Own).await?;
        demand_running(&head)?;
        let path = path_to_find(path)?;
        let without_file = |old: &crate::entry::Head| {
            demand_running(old)?;
            let mut files = BTreeMap::clone(&old.manifest.files);
            match files.remove(&path) {
                Some(Node::File(_)) => Ok(Some(Manifest { files: Arc::new(files), ..old.manifest.as_ref().clone() })),
                Some(Node::Folder { .. }) => {
                    Err(ServiceError::Invalid("this is a folder; only files can be deleted".into()))
                }
                None => Err(ServiceError::NoFile),
            }
        };
        let change = Change::FileDeleted { name: path.clone() };
        let _turn = self.turn(&id, deadline).await?;
        self.change(&id, change, deadline, without_file).await?;
        Ok(())
    }
}

/// A working file's bytes.
pub struct FileContent {
    /// How many there are.
    pub size: u64,
    /// The bytes as they arrive. The last item is an error when they are not what was stored.
    pub pieces: Pieces,
}

/// Hands the pieces on but the last, which follows when all of them together have this hash: whoever has the whole
/// length has the right bytes.
fn verified(pieces: Pieces, key: String, hash: ContentHash) -> Pieces {
    let corrupt = move || StoreError::Corrupt { key: key.clone(), what: "its bytes have another hash".into() };
    let start = (pieces.fuse(), ContentHasher::default(), None::<Bytes>);
    let checked = stream::try_unfold(start, move |(mut pieces, mut hasher, mut held)| {
        let corrupt = corrupt.clone();
        async move {
            while let Some(piece) = pieces.try_next().await? {
                hasher.update(&piece);
                if let Some(earlier) = held.replace(piece) {
                    return Ok(Some((earlier, (pieces, hasher, held))));
                }
            }
            match held.take() {
                _ if hasher.finish() != hash => Err(corrupt()),
                Some(last) => Ok(Some((last, (pieces, hasher, None)))),
                None => Ok(None),
            }
        }
    });
    checked.boxed()
}

/// A path at which a caller looks for a file.
fn path_to_find(path: &str) -> Result<WorkingPath, ServiceError> {
    WorkingPath::to_find(path).map_err(bad_path)
}

fn bad_path(error: PathError) -> ServiceError {
    ServiceError::Invalid(format!("the file's path {error}"))
}
