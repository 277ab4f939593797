//! Stores the variables that a kernel has put into its exchange file. What it says of them is hostile: it can only spoil its own
//! sandbox's variables.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fs::File,
    io,
    sync::Arc,
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use sandcastle::{
    ContentHash, VariableName, layout,
    store::PutNew,
    variables::{Blob, Group, GroupId, Groups, Totals},
};
use sandcastle_protocol::{Content, Extent, Variables, limits};
use time::OffsetDateTime;

use super::{
    CHUNK_BYTES, CONCURRENT, blocking, of_protocol,
    packed::Plain,
    plan::{Plan, Work},
    read,
};
use crate::folder::{FolderError, Storage};

/// Why a group is not stored that a kernel calls stored, or whose bytes it does not give.
const NOT_THERE: &str = "its bytes were not given to be stored";

/// Why a group is not stored beside all others.
const TOO_MANY: &str = "the sandbox has too many values to store this one too";

/// What was stored of the variables after a call.
pub(crate) struct Stored {
    /// Every group.
    pub(crate) groups: Arc<Groups>,
    /// Names whose values are not stored, and why.
    pub(crate) unstorable: BTreeMap<VariableName, String>,
    /// Where in the exchange file the groups are that were stored now.
    pub(crate) places: Vec<(GroupId, Content)>,
    /// How long the exchange file is, in bytes.
    pub(crate) file_len: u64,
}

/// Stores what a kernel, which is stopped, has told of its variables. `None`: nothing was told.
pub(crate) async fn store(
    exchange: Option<Arc<File>>,
    told: Option<&Variables>,
    before: &Arc<Groups>,
    storage: &Storage,
) -> Result<Option<Stored>, FolderError> {
    let (Some(exchange), Some(told)) = (exchange, told) else { return Ok(None) };
    let file_len = exchange.metadata()?.len();
    let (mut groups, mut new, mut totals) = (Groups::new(), Vec::new(), Totals::default());
    let names_of = |names: &[String]| names.iter().filter_map(|name| VariableName::parse(name.as_str()).ok()).collect();
    let unstorable = told.unstorable.iter();
    let mut unstorable: BTreeMap<VariableName, String> =
        unstorable.filter_map(|lost| Some((VariableName::parse(&*lost.name).ok()?, reason(&lost.reason)))).collect();
    let mut refuse = |names: Vec<VariableName>, why: &str| {
        unstorable.extend(names.into_iter().map(|name| (name, why.to_owned())));
    };
    let all = || (0..).zip(told.groups.iter().take(limits::MAX_GROUPS));
    for (order, group) in all().filter(|(_, group)| group.content.is_none()) {
        let (id, names) = (GroupId(group.id), names_of(&group.names));
        let Some(stored) = before.get(&id) else {
            refuse(names, NOT_THERE);
            continue;
        };
        let kept = Group { names, kind: of_protocol(group.kind), order, ..stored.clone() };
        match totals.with(&kept) {
            Ok(sum) => {
                totals = sum;
                groups.insert(id, kept);
            }
            Err(_) => refuse(kept.names, TOO_MANY),
        }
    }
    let mut plan = Plan::new(file_len, totals.inline_left());
    for (order, group) in all() {
        let Some(content) = &group.content else { continue };
        let names: Vec<VariableName> = names_of(&group.names);
        // What stands in the manifest itself, the plan keeps to its bounds.
        let Ok(sum) = totals.with_new(names.len(), content.buffers.len(), objects(content), 0) else {
            refuse(names, TOO_MANY);
            continue;
        };
        match plan.pieces(content) {
            Some(pieces) => {
                totals = sum;
                new.push((order, group, names, pieces));
            }
            None => refuse(names, NOT_THERE),
        }
    }
    let pieces = match plan.pieces.as_slice() {
        [] => Vec::new(),
        _ => Storing::new(exchange, before, storage).store(plan).await?,
    };
    let places = new.iter().filter_map(|(_, group, ..)| Some((GroupId(group.id), group.content.clone()?))).collect();
    for (order, group, names, range) in new {
        let pieces = pieces.get(range).unwrap_or_default();
        let Some(stored_at) = pieces.iter().map(|(_, at)| *at).min() else { continue };
        let mut blobs = pieces.iter().map(|(blob, _)| blob.clone());
        if let (Some(pickle), buffers) = (blobs.next(), blobs.collect()) {
            let kind = of_protocol(group.kind);
            groups.insert(GroupId(group.id), Group { names, kind, order, pickle, buffers, stored_at });
        }
    }
    let groups = if groups == **before { Arc::clone(before) } else { Arc::new(groups) };
    Ok(Some(Stored { groups, unstorable, places, file_len }))
}

/// How many objects its bytes take at most.
fn objects(content: &Content) -> usize {
    let extents = std::iter::once(&content.pickle).chain(&content.buffers);
    let objects = extents.map(|extent| extent.len.div_ceil(CHUNK_BYTES).max(1)).fold(0, u64::saturating_add);
    usize::try_from(objects).unwrap_or(usize::MAX)
}

fn reason(text: &str) -> String {
    sandcastle::limits::prefix(text, limits::MAX_REASON_BYTES).to_owned()
}

struct Storing<'a> {
    exchange: Arc<File>,
    storage: &'a Storage,
    /// When which chunk was stored.
    known: Mutex<HashMap<ContentHash, OffsetDateTime>>,
    now: OffsetDateTime,
}

impl<'a> Storing<'a> {
    fn new(exchange: Arc<File>, before: &Groups, storage: &'a Storage) -> Self {
        let known = before.values().flat_map(|group| group.chunks().map(|hash| (hash, group.stored_at))).collect();
        Self { exchange, storage, known: Mutex::new(known), now: OffsetDateTime::now_utc().truncate_to_second() }
    }

    /// Stores all pieces; each, and when it was stored.
    async fn store(&self, mut plan: Plan) -> Result<Vec<(Blob, OffsetDateTime)>, FolderError> {
        plan.end_shared();
        let nothing = (Blob::Chunks { size: 0, hashes: Vec::new() }, self.now);
        let mut stored = vec![nothing; plan.pieces.len()];
        let pieces = &plan.pieces;
        let mut work = stream::iter(plan.jobs).map(|work| self.carry_out(work, pieces)).buffered(CONCURRENT);
        while let Some(results) = work.try_next().await? {
            for (piece, blob, at) in results {
                let Some((known, since)) = stored.get_mut(piece) else { continue };
                *since = at.min(*since);
                match (known, blob) {
                    (Blob::Chunks { size, hashes }, Blob::Chunks { size: more, hashes: next }) => {
                        *size += more;
                        hashes.extend(next);
                    }
                    (known, blob) => *known = blob,
                }
            }
        }
        Ok(stored)
    }

    /// What came of it: pieces, or the next parts of them, and when they were stored.
    async fn carry_out(
        &self,
        work: Work,
        pieces: &[Extent],
    ) -> Result<Vec<(usize, Blob, OffsetDateTime)>, FolderError> {
        let extents: Vec<(usize, Extent)> = match work {
            Work::Inline(piece) => pieces.get(piece).map(|extent| (piece, *extent)).into_iter().collect(),
            Work::Shared(ref shared) => shared.iter().filter_map(|one| Some((*one, *pieces.get(*one)?))).collect(),
            Work::Chunk(piece, extent) => vec![(piece, extent)],
        };
        let len: u64 = extents.iter().map(|(_, extent)| extent.len).sum();
        let _held = self.storage.memory.hold(len).await.map_err(io::Error::other)?;
        let (file, wanted) = (Arc::clone(&self.exchange), extents.clone());
        if let (Work::Inline(piece), [(_, extent)]) = (&work, wanted.as_slice()) {
            let (piece, extent) = (*piece, *extent);
            let bytes = blocking(move || read(&file, extent)).await?;
            return Ok(vec![(piece, Blob::Inline(bytes), self.now)]);
        }
        let plain =
            blocking(move || Plain::read(&file, &wanted.iter().map(|(_, extent)| *extent).collect::<Vec<_>>())).await?;
        let (hash, put_at) = (plain.hash, self.put_once(plain).await?);
        if let Work::Chunk(piece, _) = work {
            return Ok(vec![(piece, Blob::Chunks { size: len, hashes: vec![hash] }, put_at)]);
        }
        let mut at = 0;
        let part = |(piece, Extent { len, .. })| {
            at += len;
            (piece, Blob::Part { hash, at: at - len, len }, put_at)
        };
        Ok(extents.into_iter().map(part).collect())
    }

    /// Stores an object that is not known to be stored; when it was.
    async fn put_once(&self, plain: Plain) -> Result<OffsetDateTime, FolderError> {
        let hash = plain.hash;
        match self.known.lock().entry(hash) {
            // Whoever comes second counts on the first: if that fails, all do.
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(unknown) => unknown.insert(self.now),
        };
        self.put(hash, blocking(move || Ok(plain.pack())).await?).await
    }

    /// When it was stored; long ago, as far as anybody knows, if it was there.
    async fn put(&self, hash: ContentHash, body: Bytes) -> Result<OffsetDateTime, FolderError> {
        let key = layout::object(&self.storage.sandbox, self.storage.epoch, hash);
        match self.storage.store.put_new(&key, body).await? {
            PutNew::Created => Ok(self.now),
            PutNew::Exists => Ok(OffsetDateTime::UNIX_EPOCH),
        }
    }
}
