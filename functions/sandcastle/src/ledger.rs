//! The ledger: reading the entries of a sandbox, and writing the next one.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use crate::{
    ContentHash, ExecutionId, SandboxId,
    entry::{Base, Entry, Head, State, StoredBase, apply, difference},
    layout, limits,
    manifest::{Epoch, Manifest},
    store::{Body, ObjectStore, PutNew, StoreError},
    variables::Group,
};

/// So many objects are read at once.
const CONCURRENT_READS: usize = 16;

/// The ledgers of all sandboxes in one bucket.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<dyn ObjectStore>,
}

impl Ledger {
    /// The ledgers in this bucket.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The newest entry. `None`: there never was such a sandbox, or it is long gone.
    pub async fn newest(&self, id: &SandboxId) -> Result<Option<Entry>, StoreError> {
        let keys = self.store.list(&layout::ledger(id), None, 1).await?;
        let Some(key) = keys.first() else { return Ok(None) };
        let Some(seq) = layout::entry_seq(id, key) else {
            return Err(StoreError::Corrupt { key: key.clone(), what: "not the key of an entry".into() });
        };
        self.read(id, seq).await
    }

    /// One entry.
    pub async fn read(&self, id: &SandboxId, seq: u64) -> Result<Option<Entry>, StoreError> {
        let key = layout::entry(id, seq);
        let Some(bytes) = self.store.get(&key).await? else { return Ok(None) };
        let entry: Entry = parse(&key, &bytes)?;
        if entry.position.seq == seq {
            Ok(Some(entry))
        } else {
            Err(StoreError::Corrupt { key, what: format!("holds entry {}", entry.position.seq) })
        }
    }

    /// True when there is an entry with this number.
    pub async fn has(&self, id: &SandboxId, seq: u64) -> Result<bool, StoreError> {
        Ok(self.store.get(&layout::entry(id, seq)).await?.is_some())
    }

    /// Up to `limit` entries older than `before`, newest first.
    pub async fn page(&self, id: &SandboxId, before: Option<u64>, limit: u16) -> Result<Vec<Entry>, StoreError> {
        let after = before.map(|seq| layout::entry(id, seq));
        let found = self.store.list(&layout::ledger(id), after.as_deref(), limit).await?;
        let seqs: Vec<u64> = found.iter().filter_map(|key| layout::entry_seq(id, key)).collect();
        let reads = stream::iter(seqs).map(|seq| self.read(id, seq).boxed()).buffered(CONCURRENT_READS);
        reads.try_filter_map(|entry| async move { Ok(entry) }).try_collect().await
    }

    /// The entry of this execution, among those with these numbers.
    pub async fn find(
        &self,
        id: &SandboxId,
        numbers: &[u64],
        execution: ExecutionId,
    ) -> Result<Option<Entry>, StoreError> {
        let seqs = numbers.to_vec();
        let mut reads = stream::iter(seqs).map(|seq| self.read(id, seq).boxed()).buffered(CONCURRENT_READS);
        while let Some(entry) = reads.try_next().await? {
            if let Some(entry) = entry.filter(|entry| entry.execution_id == execution) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The entry with its whole state: the inverse of [`Self::encode`].
    pub async fn decode(&self, id: &SandboxId, entry: Entry) -> Result<Head, StoreError> {
        let (manifest, base) = match entry.state {
            State::Whole(manifest) => (manifest, None),
            State::Based { base: stored, mut rest, files, variables, groups } => {
                let missing = || StoreError::Missing { key: layout::record(id, rest.epoch, stored.hash) };
                let base = self.get_record(id, rest.epoch, stored.hash).await?.ok_or_else(missing)?;
                let base: Arc<Base> = Arc::new(base);
                rest.files = changed(&base.files, files);
                rest.variables = changed(&base.variables, variables);
                rest.groups = changed(&base.groups, groups);
                (rest, Some((stored, base)))
            }
        };
        let manifest = Arc::new(manifest);
        Ok(Head { position: entry.position, at: entry.at, manifest, recent: entry.recent, base })
    }

    /// The form in which a manifest goes into the entry after `head`; stores a new base when one is due.
    pub async fn encode(
        &self,
        id: &SandboxId,
        head: Option<&Head>,
        manifest: &Manifest,
        now: OffsetDateTime,
    ) -> Result<(State, Option<(StoredBase, Arc<Base>)>), StoreError> {
        let groups: usize = manifest.groups.values().map(Group::weight).sum();
        if weight(manifest.files.keys()) + weight(manifest.variables.keys()) + groups <= limits::MAX_INLINE_MANIFEST {
            return Ok((State::Whole(manifest.clone()), None));
        }
        let same_life = head.filter(|head| head.manifest.epoch == manifest.epoch);
        let is_fresh = |stored: &StoredBase| now - stored.stored_at <= limits::REFRESH_AFTER;
        let known = same_life.and_then(|head| head.base.as_ref()).filter(|(stored, _)| is_fresh(stored));
        if let Some((stored, base)) = known {
            let files = difference(&base.files, &manifest.files);
            let variables = difference(&base.variables, &manifest.variables);
            let groups = difference(&base.groups, &manifest.groups);
            let changed: usize = groups.values().flatten().map(Group::weight).sum();
            if weight(files.keys()) + weight(variables.keys()) + changed <= limits::MAX_DELTA {
                let rest = without_maps(manifest);
                let state = State::Based { base: *stored, rest, files, variables, groups };
                return Ok((state, Some((*stored, Arc::clone(base)))));
            }
        }
        let base = Base {
            files: Arc::clone(&manifest.files),
            variables: Arc::clone(&manifest.variables),
            groups: Arc::clone(&manifest.groups),
        };
        let stored = StoredBase { hash: self.put_record(id, manifest.epoch, &base).await?, stored_at: now };
        let (rest, files, variables, groups) =
            (without_maps(manifest), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Ok((State::Based { base: stored, rest, files, variables, groups }, Some((stored, Arc::new(base)))))
    }

    /// Appends the entry unless there is one with its number.
    pub async fn append(&self, id: &SandboxId, entry: &Entry) -> Result<PutNew, StoreError> {
        let key = layout::entry(id, entry.position.seq);
        let bytes = serialize(&key, entry)?;
        self.store.put_new(&key, bytes).await
    }

    /// Stores something immutable under the hash of its JSON, where only this service writes. What is there already is renewed.
    pub async fn put_record<T: serde::Serialize>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        value: &T,
    ) -> Result<ContentHash, StoreError> {
        let (hash, bytes) = hashed(value)?;
        put_renewed(self.store.as_ref(), &layout::record(id, epoch, hash), &(Arc::new(bytes) as Arc<dyn Body>)).await?;
        Ok(hash)
    }

    /// Reads what [`Self::put_record`] stored, and verifies it; `None` when there is none, as after its age.
    pub async fn get_record<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
    ) -> Result<Option<T>, StoreError> {
        self.read_hashed(&layout::record(id, epoch, hash), hash, usize::MAX).await
    }

    /// Stores something immutable for whoever reads it at once: an interpreter, whose credentials cannot change objects.
    pub async fn put_object<T: serde::Serialize>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        value: &T,
    ) -> Result<ContentHash, StoreError> {
        let (hash, bytes) = hashed(value)?;
        self.store.put_new(&layout::object(id, epoch, hash), bytes).await?;
        Ok(hash)
    }

    /// Reads what [`Self::put_object`] stored, and verifies it. At most `max` bytes are read, for a hostile interpreter may have
    /// stored it.
    pub async fn get_object<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
        max: usize,
    ) -> Result<T, StoreError> {
        let key = layout::object(id, epoch, hash);
        self.read_hashed(&key, hash, max).await?.ok_or(StoreError::Missing { key })
    }

    async fn read_hashed<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
        hash: ContentHash,
        max: usize,
    ) -> Result<Option<T>, StoreError> {
        let Some(bytes) = self.store.get_small(key, max).await? else { return Ok(None) };
        if ContentHash::of(&bytes) != hash {
            return Err(StoreError::Corrupt { key: key.to_owned(), what: "its bytes have another hash".to_owned() });
        }
        parse(key, &bytes).map(Some)
    }
}

/// Stores something immutable under a key made of its hash. What is there already may be old, and is renewed.
pub(crate) async fn put_renewed(store: &dyn ObjectStore, key: &str, body: &Arc<dyn Body>) -> Result<(), StoreError> {
    if store.put_new_from(key, body).await? == PutNew::Exists && !store.refresh(key).await? {
        store.put_new_from(key, body).await?;
    }
    Ok(())
}

/// A base's map with a difference applied; the same map where there is none.
fn changed<K: Clone + Ord, V: Clone>(
    base: &Arc<BTreeMap<K, V>>,
    changes: BTreeMap<K, Option<V>>,
) -> Arc<BTreeMap<K, V>> {
    if changes.is_empty() { Arc::clone(base) } else { Arc::new(apply(base, changes)) }
}

fn hashed<T: serde::Serialize>(value: &T) -> Result<(ContentHash, Bytes), StoreError> {
    let bytes = serialize("objects", value)?;
    Ok((ContentHash::of(&bytes), bytes))
}

fn without_maps(manifest: &Manifest) -> Manifest {
    Manifest { files: Arc::default(), variables: Arc::default(), groups: Arc::default(), ..manifest.clone() }
}

/// Bytes of the JSON of a map with these keys, by estimate: a file's facts take about 220.
fn weight<'a, K: AsRef<str> + 'a>(names: impl Iterator<Item = &'a K>) -> usize {
    names.map(|name| name.as_ref().len() + 220).sum()
}

fn parse<T: serde::de::DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt { key: key.to_owned(), what: error.to_string() })
}

fn serialize<T: serde::Serialize>(key: &str, value: &T) -> Result<Bytes, StoreError> {
    let bytes = serde_json::to_vec(value);
    bytes.map(Bytes::from).map_err(|error| StoreError::Refused {
        action: "encode",
        key: key.to_owned(),
        source: error.into(),
    })
}
