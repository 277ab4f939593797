//! The ledger: reading the entries of a sandbox, and writing the next one.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use time::OffsetDateTime;

use crate::{
    ContentHash, ExecutionId, SandboxId,
    entry::{Base, Entry, Head, State, StoredBase, apply, difference},
    keys, limits,
    manifest::{Epoch, Manifest},
    store::{ObjectStore, PutNew, Source, StoreError},
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
    pub async fn newest_entry(&self, id: &SandboxId) -> Result<Option<Entry>, StoreError> {
        let keys = self.store.list(&keys::ledger(id), None, 1).await?;
        let Some(key) = keys.first() else { return Ok(None) };
        let Some(seq) = keys::entry_seq(id, key) else {
            return Err(StoreError::Corrupt { key: key.clone(), what: "not the key of an entry".into() });
        };
        self.read(id, seq).await
    }

    /// One entry.
    pub async fn read(&self, id: &SandboxId, seq: u64) -> Result<Option<Entry>, StoreError> {
        let key = keys::entry(id, seq);
        let Some(bytes) = self.store.get(&key).await? else { return Ok(None) };
        let entry: Entry = parse(&key, &bytes)?;
        if entry.position.seq == seq {
            Ok(Some(entry))
        } else {
            Err(StoreError::Corrupt { key, what: format!("holds entry {}", entry.position.seq) })
        }
    }

    /// Up to `limit` entries older than `before`, newest first.
    pub async fn page(&self, id: &SandboxId, before: Option<u64>, limit: u16) -> Result<Vec<Entry>, StoreError> {
        let after = before.map(|seq| keys::entry(id, seq));
        let found = self.store.list(&keys::ledger(id), after.as_deref(), limit).await?;
        let seqs: Vec<u64> = found.iter().filter_map(|key| keys::entry_seq(id, key)).collect();
        let reads = stream::iter(seqs).map(|seq| self.read(id, seq).boxed()).buffered(CONCURRENT_READS);
        reads.try_filter_map(|entry| async move { Ok(entry) }).try_collect().await
    }

    /// The entry that this call wrote, among those after `after` up to the newest.
    pub async fn find(
        &self,
        id: &SandboxId,
        after: u64,
        newest: u64,
        call: ExecutionId,
    ) -> Result<Option<Entry>, StoreError> {
        let seqs = after.saturating_add(1)..=newest;
        let mut reads = stream::iter(seqs).map(|seq| self.read(id, seq).boxed()).buffered(CONCURRENT_READS);
        while let Some(entry) = reads.try_next().await? {
            if let Some(entry) = entry.filter(|entry| entry.execution_id == call) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The entry with its state put together.
    pub async fn resolve(&self, id: &SandboxId, entry: Entry) -> Result<Head, StoreError> {
        let (manifest, base) = match entry.state {
            State::Whole(manifest) => (manifest, None),
            State::Based { base: stored, mut rest, files, variables } => {
                let base: Arc<Base> = Arc::new(self.load(id, rest.epoch, stored.hash).await?);
                rest.files = Arc::new(apply(&base.files, files));
                rest.variables = Arc::new(apply(&base.variables, variables));
                (rest, Some((stored, base)))
            }
        };
        let manifest = Arc::new(manifest);
        Ok(Head { position: entry.position, at: entry.at, manifest, recent: entry.recent, base })
    }

    /// The form in which a manifest goes into the entry after `head`; writes a new base when one is due.
    pub async fn state(
        &self,
        id: &SandboxId,
        head: Option<&Head>,
        manifest: &Manifest,
        now: OffsetDateTime,
    ) -> Result<(State, Option<(StoredBase, Arc<Base>)>), StoreError> {
        if weight(manifest.files.keys()) + weight(manifest.variables.keys()) <= limits::MAX_INLINE_MANIFEST {
            return Ok((State::Whole(manifest.clone()), None));
        }
        let same_life = head.filter(|head| head.manifest.epoch == manifest.epoch);
        let is_young = |stored: &StoredBase| now - stored.stored_at <= limits::REFRESH_AFTER;
        let known = same_life.and_then(|head| head.base.as_ref()).filter(|(stored, _)| is_young(stored));
        if let Some((stored, base)) = known {
            let files = difference(&base.files, &manifest.files);
            let variables = difference(&base.variables, &manifest.variables);
            if weight(files.keys()) + weight(variables.keys()) <= limits::MAX_DELTA {
                let rest = without_maps(manifest);
                let state = State::Based { base: *stored, rest, files, variables };
                return Ok((state, Some((*stored, Arc::clone(base)))));
            }
        }
        let base = Base { files: Arc::clone(&manifest.files), variables: Arc::clone(&manifest.variables) };
        let stored = StoredBase { hash: self.keep(id, manifest.epoch, &base).await?, stored_at: now };
        let (rest, files, variables) = (without_maps(manifest), BTreeMap::new(), BTreeMap::new());
        Ok((State::Based { base: stored, rest, files, variables }, Some((stored, Arc::new(base)))))
    }

    /// Writes the entry unless there is one with its number.
    pub async fn put(&self, id: &SandboxId, entry: &Entry) -> Result<PutNew, StoreError> {
        let key = keys::entry(id, entry.position.seq);
        let bytes = serialize(&key, entry)?;
        self.store.put_new(&key, bytes).await
    }

    /// Stores something immutable under the hash of its JSON.
    pub async fn keep<T: serde::Serialize>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        value: &T,
    ) -> Result<ContentHash, StoreError> {
        let (hash, bytes) = hashed(value)?;
        store_young(self.store.as_ref(), &keys::object(id, epoch, hash), &(Arc::new(bytes) as Arc<dyn Source>)).await?;
        Ok(hash)
    }

    /// [`Self::keep`] of what is read back at once: its age does not matter, and an interpreter's credentials could not
    /// change it.
    pub async fn hand_over<T: serde::Serialize>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        value: &T,
    ) -> Result<ContentHash, StoreError> {
        let (hash, bytes) = hashed(value)?;
        self.store.put_new(&keys::object(id, epoch, hash), bytes).await?;
        Ok(hash)
    }

    /// Reads what [`Self::keep`] stored, and verifies it.
    pub async fn load<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
    ) -> Result<T, StoreError> {
        self.load_small(id, epoch, hash, usize::MAX).await
    }

    /// As [`Self::load`], for what a hostile interpreter may have stored: at most `max` bytes are read.
    pub async fn load_small<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
        max: usize,
    ) -> Result<T, StoreError> {
        let missing = || StoreError::Corrupt { key: keys::object(id, epoch, hash), what: "missing".to_owned() };
        self.find_small(id, epoch, hash, max).await?.ok_or_else(missing)
    }

    /// [`Self::load`] of what may have reached its age.
    pub async fn find_kept<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
    ) -> Result<Option<T>, StoreError> {
        self.find_small(id, epoch, hash, usize::MAX).await
    }

    async fn find_small<T: serde::de::DeserializeOwned>(
        &self,
        id: &SandboxId,
        epoch: Epoch,
        hash: ContentHash,
        max: usize,
    ) -> Result<Option<T>, StoreError> {
        let key = keys::object(id, epoch, hash);
        let Some(bytes) = self.store.get_small(&key, max).await? else { return Ok(None) };
        if ContentHash::of(&bytes) != hash {
            return Err(StoreError::Corrupt { key, what: "its bytes have another hash".to_owned() });
        }
        parse(&key, &bytes).map(Some)
    }
}

/// Stores something immutable under a key made of its hash. What is there already may be old, and is made young again.
pub(crate) async fn store_young(
    store: &dyn ObjectStore,
    key: &str,
    source: &Arc<dyn Source>,
) -> Result<(), StoreError> {
    if store.put_new_from(key, source).await? == PutNew::Exists && !store.refresh(key).await? {
        store.put_new_from(key, source).await?;
    }
    Ok(())
}

fn hashed<T: serde::Serialize>(value: &T) -> Result<(ContentHash, Bytes), StoreError> {
    let bytes = serialize("objects", value)?;
    Ok((ContentHash::of(&bytes), bytes))
}

fn without_maps(manifest: &Manifest) -> Manifest {
    Manifest { files: Arc::default(), variables: Arc::default(), ..manifest.clone() }
}

/// Bytes of the JSON of a map with these keys, by estimate: a file's facts take about 220.
fn weight<'a>(names: impl Iterator<Item = &'a String>) -> usize {
    names.map(|name| name.len() + 220).sum()
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
