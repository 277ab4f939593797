//! What a new kernel is given of the stored variables: the small groups at once, large ones when it asks for them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io,
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use rustix::process::geteuid;
use sandcastle::{
    ContentHash, layout,
    store::StoreError,
    variables::{Blob, Group, GroupId, GroupKind, Groups},
};
use sandcastle_protocol::{
    Content, Extent, Place, StoredGroup,
    limits::{MAPPED_BYTES, MAX_DESCRIPTORS},
};

use super::{
    CHUNK_BYTES, CONCURRENT, blocking,
    cache::{CachedFile, VariableCache},
    chunks, packed, read, to_protocol,
};
use crate::folder::{FolderError, Storage};

/// A group of at most so many bytes is given at once, while there are no more of such together.
const SMALL: (u64, u64) = (64 * 1024, 8 * 1024 * 1024);
const MAPPED: u64 = MAPPED_BYTES as u64;
/// Most files for one message: one is new, and an exchange file may come with them.
const MOST_CACHED: usize = MAX_DESCRIPTORS - 2;

/// The variables of a sandbox at a job's head.
pub(crate) struct Vault {
    /// The groups.
    pub(crate) groups: Arc<Groups>,
    /// Where they are stored.
    pub(crate) storage: Storage,
    /// Files that may hold some of them.
    pub(crate) cache: Arc<VariableCache>,
    /// Where a file can be made.
    pub(crate) folder: PathBuf,
}

/// Something that a kernel is told, and the files that come with it.
pub(crate) struct Given<T> {
    pub(crate) told: T,
    pub(crate) files: Vec<Arc<File>>,
}

impl Vault {
    /// All groups in the order of restoring; with their bytes where they are small.
    pub(crate) async fn first(&self) -> Result<Given<Vec<StoredGroup>>, FolderError> {
        let mut left = SMALL.1;
        let mut at_once = |group: &Group| {
            let size = size(group);
            let small = group.kind == GroupKind::Index || (size <= SMALL.0 && size <= left);
            left = left.saturating_sub(if small { size } else { 0 });
            small
        };
        let chosen = self.groups.iter().filter(|(_, group)| at_once(group)).map(|(id, group)| (*id, group)).collect();
        let Given { told: mut places, files } = self.places(chosen).await?;
        let mut ordered: Vec<_> = self.groups.iter().collect();
        ordered.sort_by_key(|(id, group)| (group.kind != GroupKind::Index, group.order, **id));
        let told = ordered.into_iter().map(|(id, group)| StoredGroup {
            id: id.0,
            names: group.names.iter().map(ToString::to_string).collect(),
            kind: to_protocol(group.kind),
            size: size(group),
            place: places.remove(id),
        });
        Ok(Given { told: told.collect(), files })
    }

    /// The groups with these ids, each once, however often a kernel asks for it.
    pub(crate) async fn fetch(&self, ids: &[u64]) -> Result<Given<Vec<(u64, Place)>>, FolderError> {
        let ids: BTreeSet<_> = ids.iter().map(|id| GroupId(*id)).collect();
        let chosen = ids.into_iter().filter_map(|id| Some((id, self.groups.get(&id)?))).collect();
        let Given { told, files } = self.places(chosen).await?;
        Ok(Given { told: told.into_iter().map(|(id, place)| (id.0, place)).collect(), files })
    }

    async fn places(&self, chosen: Vec<(GroupId, &Group)>) -> Result<Given<BTreeMap<GroupId, Place>>, FolderError> {
        let (mut told, mut files, mut missing) = (BTreeMap::new(), Vec::<Arc<File>>::new(), Vec::new());
        for (id, group) in chosen {
            match self.cached(id, group).await {
                Some((file, content)) if files.len() < MOST_CACHED => {
                    let known = files.iter().position(|one| Arc::ptr_eq(one, &file));
                    told.insert(id, Place { file: known.unwrap_or(files.len()), content });
                    if known.is_none() {
                        files.push(file);
                    }
                }
                _ => missing.push((id, group)),
            }
        }
        if !missing.is_empty() {
            let (file, contents) = self.load(&missing).await?;
            told.extend(contents.into_iter().map(|(id, content)| (id, Place { file: files.len(), content })));
            files.push(file);
        }
        Ok(Given { told, files })
    }

    /// The group in a file that is here, if its bytes are still what is stored.
    async fn cached(&self, id: GroupId, group: &Group) -> Option<(Arc<File>, Content)> {
        let (file, content, by_kernel) = self.cache.find(self.storage.sandbox, self.storage.epoch, id, group)?;
        if !by_kernel {
            return Some((file, content));
        }
        let extents = std::iter::once(content.pickle).chain(content.buffers.iter().copied());
        let mut reads = Reads::default();
        group.blobs().zip(extents).for_each(|(blob, extent)| reads.add(blob, extent));
        let inline = reads.inline.iter();
        let inline = inline.map(|(at, bytes)| (ContentHash::of(bytes), Extent { at: *at, len: bytes.len() as u64 }));
        // A part of an object has another hash than the object: then the object is read again.
        let parts = |(hash, parts): (ContentHash, Vec<Part>)| parts.into_iter().map(move |part| (hash, part.to));
        let objects = reads.objects.into_iter().flat_map(parts);
        let same = stream::iter(inline.collect::<Vec<_>>().into_iter().chain(objects)).map(|(hash, extent)| {
            let file = Arc::clone(&file);
            blocking(move || Ok(ContentHash::of(&read(&file, extent)?) == hash))
        });
        let same = same.buffer_unordered(CONCURRENT).try_all(|same| async move { same }).await;
        same.unwrap_or(false).then_some((file, content))
    }

    /// Reads groups from the bucket into a new file.
    async fn load(&self, groups: &[(GroupId, &Group)]) -> Result<(Arc<File>, Vec<(GroupId, Content)>), FolderError> {
        if groups.iter().map(|(_, group)| size(group)).fold(0, u64::saturating_add) > self.storage.most {
            return Err(FolderError::TooMuch);
        }
        let file = Arc::new(tempfile::tempfile_in(&self.folder)?);
        let (mut at, mut reads, mut contents) = (0, Reads::default(), Vec::new());
        for (id, group) in groups {
            let mut extents = group.blobs().map(|blob| {
                let len = blob.size();
                at = if len >= MAPPED { u64::next_multiple_of(at, MAPPED) } else { at };
                let extent = Extent { at, len };
                at += len;
                reads.add(blob, extent);
                extent
            });
            let pickle = extents.next().unwrap_or_default();
            contents.push((*id, Content { pickle, buffers: extents.collect() }));
        }
        let inline = reads.inline;
        let target = Arc::clone(&file);
        blocking(move || inline.iter().try_for_each(|(at, bytes)| target.write_all_at(bytes, *at))).await?;
        let reads = stream::iter(reads.objects).map(|(hash, parts)| self.read_object(hash, parts, &file));
        reads.buffer_unordered(CONCURRENT).try_collect::<()>().await?;
        let (sandbox, epoch) = (self.storage.sandbox, self.storage.epoch);
        // The kernel that gets it must not write to it: another one may get it too.
        let file = Arc::new(File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?);
        let stored =
            groups.iter().zip(&contents).map(|((id, group), (_, content))| (*id, ((*group).clone(), content.clone())));
        let cached = CachedFile {
            sandbox,
            epoch,
            file: Arc::clone(&file),
            bytes: at,
            // Without a user of its own, a kernel could open it again.
            by_kernel: !geteuid().is_root(),
            groups: stored.collect(),
        };
        self.cache.keep(cached);
        Ok((file, contents))
    }

    /// Reads an object, verifies it, and writes its parts to where they belong.
    async fn read_object(&self, hash: ContentHash, parts: Vec<Part>, file: &Arc<File>) -> Result<(), FolderError> {
        let Storage { sandbox, epoch, store, memory, .. } = &self.storage;
        let _held = memory.hold(CHUNK_BYTES).await.map_err(io::Error::other)?;
        let key = layout::object(sandbox, *epoch, hash);
        let most = usize::try_from(packed::MOST).unwrap_or(usize::MAX);
        let Some(body) = store.get_small(&key, most).await? else {
            return Err(StoreError::Missing { key }.into());
        };
        let file = Arc::clone(file);
        let corrupt = || StoreError::Corrupt { key, what: "its bytes have another hash".to_owned() };
        let write = move || {
            let Some(bytes) = packed::unpack(&body, hash) else { return Ok(false) };
            for Part { from, to } in parts {
                let range = usize::try_from(from).ok().zip(usize::try_from(from + to.len).ok());
                match range.and_then(|(start, end)| bytes.get(start..end)) {
                    Some(part) => file.write_all_at(part, to.at)?,
                    None => return Ok(false),
                }
            }
            Ok(true)
        };
        if blocking(write).await? { Ok(()) } else { Err(corrupt().into()) }
    }
}

fn size(group: &Group) -> u64 {
    group.blobs().map(Blob::size).fold(0, u64::saturating_add)
}

/// A part of an object, and where it goes.
struct Part {
    from: u64,
    to: Extent,
}

/// What is to be read: each object once.
#[derive(Default)]
struct Reads {
    inline: Vec<(u64, Bytes)>,
    objects: HashMap<ContentHash, Vec<Part>>,
}

impl Reads {
    fn add(&mut self, blob: &Blob, extent: Extent) {
        match blob {
            Blob::Inline(bytes) => self.inline.push((extent.at, bytes.clone())),
            Blob::Part { hash, at, .. } => self.object(*hash, Part { from: *at, to: extent }),
            Blob::Chunks { hashes, .. } => {
                for (hash, to) in hashes.iter().zip(chunks(extent)) {
                    self.object(*hash, Part { from: 0, to });
                }
            }
        }
    }

    fn object(&mut self, hash: ContentHash, part: Part) {
        self.objects.entry(hash).or_default().push(part);
    }
}
