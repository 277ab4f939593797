//! Stores the variables that a kernel has put into its exchange file. What it says of them is hostile: it can only spoil its own
//! sandbox's variables.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sandcastle::{
    ContentHash, VariableName, layout,
    store::PutNew,
    variables::{Blob, Group, GroupId, GroupKind, Groups},
};
use sandcastle_protocol::{Extent, GroupKind as Kind, KernelGroup, Variables, limits};
use time::OffsetDateTime;

use crate::folder::{FolderError, Storage};

/// The longest piece of a value that is an object of its own, in bytes.
pub(super) const CHUNK_BYTES: u64 = 4 * 1024 * 1024;
/// A pickle or buffer of at most so many bytes stands in the manifest itself, while those of all groups have no more together.
const INLINE: (u64, u64) = (2 * 1024, 24 * 1024);
/// So many objects are read or written at once.
pub(super) const CONCURRENT: usize = 16;

/// What was stored of the variables after a call.
pub(crate) struct Stored {
    /// Every group.
    pub(crate) groups: Arc<Groups>,
    /// Names whose values are not stored, and why.
    pub(crate) unstorable: BTreeMap<VariableName, String>,
}

/// Does what may wait for a disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FolderError> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(io::Error::other)??)
}

/// Stores what a kernel, which is stopped, has told of its variables, and empties the exchange file. `None`: nothing was told.
pub(crate) async fn store(
    exchange: Option<Arc<File>>,
    told: Option<&Variables>,
    before: &Arc<Groups>,
    storage: &Storage,
) -> Result<Option<Stored>, FolderError> {
    let (Some(exchange), Some(told)) = (exchange, told) else { return Ok(None) };
    let mut storing = Storing::new(&exchange, before, storage)?;
    let mut groups = Groups::new();
    let mut unstorable: BTreeMap<VariableName, String> = told
        .unstorable
        .iter()
        .filter_map(|lost| Some((VariableName::parse(&*lost.name).ok()?, reason(&lost.reason))))
        .collect();
    for (order, group) in told.groups.iter().take(limits::MAX_GROUPS).enumerate() {
        let names: Vec<_> = group.names.iter().filter_map(|name| VariableName::parse(name.as_str()).ok()).collect();
        match storing.group(group, u32::try_from(order).unwrap_or(u32::MAX)).await? {
            Some(stored) => drop(groups.insert(GroupId(group.id), Group { names, ..stored })),
            None => unstorable.extend(names.into_iter().map(|name| (name, NOT_THERE.to_owned()))),
        }
    }
    if storing.file_len > 0 {
        blocking(move || exchange.set_len(0)).await?;
    }
    let groups = if groups == **before { Arc::clone(before) } else { Arc::new(groups) };
    Ok(Some(Stored { groups, unstorable }))
}

/// Why a group is not stored that a kernel calls stored, or whose bytes it does not give.
const NOT_THERE: &str = "its bytes were not given to be stored";

fn reason(text: &str) -> String {
    sandcastle::limits::prefix(text, limits::MAX_REASON_BYTES).to_owned()
}

struct Storing<'a> {
    exchange: &'a Arc<File>,
    storage: &'a Storage,
    before: &'a Groups,
    /// When which chunk was stored.
    known: HashMap<ContentHash, OffsetDateTime>,
    now: OffsetDateTime,
    /// Bytes in the exchange file, and how many of them may still be stored.
    file_len: u64,
    left: u64,
    inline_left: u64,
}

impl<'a> Storing<'a> {
    fn new(exchange: &'a Arc<File>, before: &'a Groups, storage: &'a Storage) -> io::Result<Self> {
        let known = before.values().flat_map(|group| group.chunks().map(|hash| (hash, group.stored_at))).collect();
        let (now, file_len) = (OffsetDateTime::now_utc().truncate_to_second(), exchange.metadata()?.len());
        let (left, inline_left) = (limits::MAX_STORED_BYTES as u64, INLINE.1);
        Ok(Self { exchange, storage, before, known, now, file_len, left, inline_left })
    }

    /// The group, all of it stored; `None` when its bytes are not there.
    async fn group(&mut self, group: &KernelGroup, order: u32) -> Result<Option<Group>, FolderError> {
        let kind = of_protocol(group.kind);
        let Some(content) = &group.content else {
            let before = self.before.get(&GroupId(group.id));
            return Ok(before.map(|stored| Group { kind, order, ..stored.clone() }));
        };
        if content.buffers.len() > limits::MAX_BUFFERS {
            return Ok(None);
        }
        let mut stored_at = self.now;
        let mut blobs = Vec::new();
        for extent in std::iter::once(&content.pickle).chain(&content.buffers) {
            match self.blob(*extent, &mut stored_at).await? {
                Some(blob) => blobs.push(blob),
                None => return Ok(None),
            }
        }
        let mut blobs = blobs.into_iter();
        let Some(pickle) = blobs.next() else { return Ok(None) };
        Ok(Some(Group { names: Vec::new(), kind, order, pickle, buffers: blobs.collect(), stored_at }))
    }

    async fn blob(&mut self, extent: Extent, stored_at: &mut OffsetDateTime) -> Result<Option<Blob>, FolderError> {
        let Extent { at, len } = extent;
        let there = at.checked_add(len).is_some_and(|end| end <= self.file_len);
        let Some(left) = self.left.checked_sub(len).filter(|_| there) else { return Ok(None) };
        self.left = left;
        if len <= INLINE.0 && len <= self.inline_left {
            self.inline_left -= len;
            return Ok(Some(Blob::Inline(self.read(at, len).await?)));
        }
        let starts = (0..len.div_ceil(CHUNK_BYTES)).map(|n| n * CHUNK_BYTES);
        let this = &*self;
        let puts = stream::iter(starts).map(|start| async move {
            let _held = this.storage.memory.hold(CHUNK_BYTES).await.map_err(io::Error::other)?;
            let bytes = this.read(at + start, CHUNK_BYTES.min(len - start)).await?;
            let hash = ContentHash::of(&bytes);
            let put_at = match this.known.get(&hash) {
                Some(known) => *known,
                None => this.put(hash, bytes).await?,
            };
            Ok::<_, FolderError>((hash, put_at))
        });
        let put: Vec<_> = puts.buffered(CONCURRENT).try_collect().await?;
        for (hash, put_at) in &put {
            *stored_at = (*stored_at).min(*put_at);
            self.known.insert(*hash, *put_at);
        }
        Ok(Some(Blob::Chunks { size: len, hashes: put.into_iter().map(|(hash, _)| hash).collect() }))
    }

    async fn read(&self, at: u64, len: u64) -> Result<Bytes, FolderError> {
        let exchange = Arc::clone(self.exchange);
        let length = usize::try_from(len).unwrap_or(usize::MAX);
        let read = move || {
            let mut bytes = vec![0; length];
            exchange.read_exact_at(&mut bytes, at)?;
            Ok(Bytes::from(bytes))
        };
        blocking(read).await
    }

    /// When it was stored; long ago, as far as anybody knows, if it was there.
    async fn put(&self, hash: ContentHash, bytes: Bytes) -> Result<OffsetDateTime, FolderError> {
        let key = layout::object(&self.storage.sandbox, self.storage.epoch, hash);
        match self.storage.store.put_new(&key, bytes).await? {
            PutNew::Created => Ok(self.now),
            PutNew::Exists => Ok(OffsetDateTime::UNIX_EPOCH),
        }
    }
}

fn of_protocol(kind: Kind) -> GroupKind {
    match kind {
        Kind::Data => GroupKind::Data,
        Kind::Definitions => GroupKind::Definitions,
        Kind::Modules => GroupKind::Modules,
    }
}
