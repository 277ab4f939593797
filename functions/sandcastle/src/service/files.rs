//! Working files from outside: list, read, put, delete. A put or a delete is a ledger entry like any other; a warm kernel
//! takes it over without being restarted.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Sandcastles, ServiceError, Whose, authorise, demand_running, parse_id};
use crate::{
    ContentHash, ContentHasher, Principal, Scope,
    contract::{FileList, FileListed, FileUploaded},
    entry::Change,
    keys,
    ledger::store_young,
    limits,
    manifest::{Manifest, Node, WorkingFile},
    store::{Pieces, StoreError},
};

/// Permission bits of an uploaded file.
const FILE_MODE: u32 = 0o644;
/// Permission bits of the folders that are made for it.
const FOLDER_MODE: u32 = 0o755;

impl Sandcastles {
    /// One level of the working folder, hidden names left out; `folder` is empty for the top.
    pub async fn list_files(&self, caller: &Principal, id: &str, folder: &str) -> Result<FileList, ServiceError> {
        let head = self.newest(&parse_id(id)?).await?;
        authorise(caller, &head, Scope::Read, Whose::Org)?;
        demand_running(&head)?;
        let folder = folder.trim_matches('/');
        if !folder.is_empty() {
            let there = matches!(head.manifest.files.get(visible_path(folder)?), Some(Node::Folder { .. }));
            there.then_some(()).ok_or(ServiceError::NoFile)?;
        }
        let inside = |path: &str| match folder {
            "" => Some(path.to_owned()),
            _ => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).map(str::to_owned),
        };
        let children = head.manifest.files.iter().filter_map(|(path, node)| Some((inside(path)?, node)));
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
        let id = parse_id(id)?;
        let head = self.newest(&id).await?;
        authorise(caller, &head, Scope::Read, Whose::Org)?;
        demand_running(&head)?;
        let Some(Node::File(file)) = head.manifest.files.get(visible_path(path)?) else {
            return Err(ServiceError::NoFile);
        };
        let key = keys::file(&id, head.manifest.epoch, file.hash);
        match self.store.get_stream(&key).await? {
            Some(pieces) => Ok(FileContent { size: file.size, pieces: verified(pieces, key, file.hash) }),
            None => Err(StoreError::Corrupt { key, what: "missing".into() }.into()),
        }
    }

    /// Puts a file into the working folder, over one of that name.
    pub async fn put_file(
        &self,
        caller: &Principal,
        id: &str,
        path: &str,
        bytes: Bytes,
        deadline: Instant,
    ) -> Result<FileUploaded, ServiceError> {
        let id = parse_id(id)?;
        let head = self.newest(&id).await?;
        authorise(caller, &head, Scope::Write, Whose::Own)?;
        demand_running(&head)?;
        let path = visible_path(path)?;
        let epoch = head.manifest.epoch;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > limits::MAX_FILE_BYTES {
            return Err(ServiceError::Invalid(format!("the file is longer than {} bytes", limits::MAX_FILE_BYTES)));
        }
        let (hash, now) = (ContentHash::of(&bytes), self.now());
        store_young(self.store.as_ref(), &keys::file(&id, epoch, hash), bytes).await?;
        let file = WorkingFile { hash, size, mode: FILE_MODE, modified_at: now, stored_at: now };
        let change = Change::FilePut { name: path.to_owned() };
        let with_file = |old: &crate::entry::Head| {
            demand_running(old)?;
            if old.manifest.epoch != epoch {
                return Err(ServiceError::Conflict("the sandbox was stopped and started again; try again"));
            }
            let mut files = BTreeMap::clone(&old.manifest.files);
            insert(&mut files, path, file.clone())?;
            Ok(Some(Manifest { files: Arc::new(files), ..old.manifest.as_ref().clone() }))
        };
        let _turn = self.turn(&id, deadline).await?;
        self.change(&id, change, deadline, with_file).await?;
        let filename = path.rsplit('/').next().unwrap_or(path).to_owned();
        Ok(FileUploaded { filename, size_bytes: size })
    }

    /// Deletes a working file; a folder is refused.
    pub async fn delete_file(
        &self,
        caller: &Principal,
        id: &str,
        path: &str,
        deadline: Instant,
    ) -> Result<(), ServiceError> {
        let id = parse_id(id)?;
        let head = self.newest(&id).await?;
        authorise(caller, &head, Scope::Write, Whose::Own)?;
        demand_running(&head)?;
        let path = visible_path(path)?;
        let without_file = |old: &crate::entry::Head| {
            demand_running(old)?;
            let mut files = BTreeMap::clone(&old.manifest.files);
            match files.remove(path) {
                Some(Node::File(_)) => Ok(Some(Manifest { files: Arc::new(files), ..old.manifest.as_ref().clone() })),
                Some(Node::Folder { .. }) => {
                    Err(ServiceError::Invalid("this is a folder; only files can be deleted".into()))
                }
                None => Err(ServiceError::NoFile),
            }
        };
        let change = Change::FileDeleted { name: path.to_owned() };
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

/// A path that stays in the working folder and names nothing hidden.
fn visible_path(path: &str) -> Result<&str, ServiceError> {
    let wrong = |what: &str| Err(ServiceError::Invalid(format!("the file's path {what}")));
    if path.is_empty() || path.len() > limits::MAX_PATH_BYTES {
        return wrong(&format!("has to be 1 to {} bytes long", limits::MAX_PATH_BYTES));
    }
    if path.contains(['\0', '\\']) {
        return wrong("must not contain NUL or a backslash");
    }
    let too_long = |part: &str| part.len() > 255;
    match path.split('/').find(|part| part.is_empty() || part.starts_with('.') || too_long(part)) {
        Some(_) => wrong("must not have empty, hidden, relative or over-long parts"),
        None => Ok(path),
    }
}

/// Adds the file and the folders above it, unless one of them is a file or the path is a folder.
fn insert(files: &mut BTreeMap<String, Node>, path: &str, file: WorkingFile) -> Result<(), ServiceError> {
    for (at, _) in path.match_indices('/') {
        let folder = path.get(..at).unwrap_or_default();
        match files.get(folder) {
            Some(Node::File(_)) => return Err(ServiceError::Invalid(format!("{folder:?} is a file"))),
            Some(Node::Folder { .. }) => {}
            None => _ = files.insert(folder.to_owned(), Node::Folder { mode: FOLDER_MODE }),
        }
    }
    match files.get(path) {
        Some(Node::Folder { .. }) => Err(ServiceError::Invalid(format!("{path:?} is a folder"))),
        _ if files.len() >= limits::MAX_NODES => {
            Err(ServiceError::Invalid(format!("a sandbox keeps at most {} files and folders", limits::MAX_NODES)))
        }
        _ => {
            files.insert(path.to_owned(), Node::File(file));
            Ok(())
        }
    }
}
