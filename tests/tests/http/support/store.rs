//! A store in memory that counts reads and can make reads of keys fail.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream,
};
use sandcastle::{
    ContentHash,
    layout::API_KEYS,
    store::{ObjectStore, Presentation, PutNew, StoreError, Version},
};

#[derive(Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// Reads of key records so far.
    pub(crate) key_reads: AtomicUsize,
    /// Reads of key records fail while it is set.
    pub(crate) keys_fail: AtomicBool,
    /// What was read so far besides key records: gets and lists.
    pub(crate) reads: Mutex<Vec<&'static str>>,
    /// What the next upload that is read becomes meanwhile.
    pub(crate) replaced_by: Mutex<Option<Bytes>>,
}

impl MemoryStore {
    /// Everything that calls can change.
    pub(crate) fn all_but_keys(&self) -> BTreeMap<String, Bytes> {
        let objects = self.objects.lock().unwrap().clone();
        objects.into_iter().filter(|(key, _)| !key.starts_with(API_KEYS)).collect()
    }

    fn read(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        if key.starts_with(API_KEYS) {
            self.key_reads.fetch_add(1, Ordering::SeqCst);
            if self.keys_fail.load(Ordering::SeqCst) {
                return Err(StoreError::Unknown { action: "get", key: key.into(), source: "no answer in time".into() });
            }
        } else {
            self.reads.lock().unwrap().push("get");
        }
        Ok(self.objects.lock().unwrap().get(key).cloned())
    }
}

impl ObjectStore for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        // The others that wait for the same key get their turn before it is answered.
        async move {
            tokio::task::yield_now().await;
            self.read(key)
        }
        .boxed()
    }

    fn put_new<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        let mut objects = self.objects.lock().unwrap();
        let outcome = if objects.contains_key(key) { PutNew::Exists } else { PutNew::Created };
        objects.entry(key.into()).or_insert(body);
        async move { Ok(outcome) }.boxed()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<(), StoreError>> {
        self.objects.lock().unwrap().insert(key.into(), body);
        async { Ok(()) }.boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.reads.lock().unwrap().push("list");
        let objects = self.objects.lock().unwrap();
        let below = |key: &&String| key.strip_prefix(prefix).is_some_and(|rest| !rest.contains('/'));
        let later = |key: &&String| after.is_none_or(|after| key.as_str() > after);
        let found = objects.keys().filter(below).filter(later).take(limit.into()).cloned().collect();
        async move { Ok(found) }.boxed()
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.objects.lock().unwrap().retain(|key, _| !keys.contains(key));
        async { Ok(()) }.boxed()
    }

    fn refresh<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let found = self.objects.lock().unwrap().contains_key(key);
        async move { Ok(found) }.boxed()
    }

    fn presign_get<'a>(&'a self, key: &'a str, _how: &'a Presentation) -> BoxFuture<'a, Result<String, StoreError>> {
        async move { Ok(format!("https://example.invalid/{key}")) }.boxed()
    }

    fn get_version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        let found = self.objects.lock().unwrap().get(key).cloned();
        if let Some(other) = self.replaced_by.lock().unwrap().take() {
            self.objects.lock().unwrap().insert(key.into(), other);
        }
        let pieces =
            |bytes: &Bytes| stream::iter(bytes.chunks(5).map(Bytes::copy_from_slice).map(Ok).collect::<Vec<_>>());
        let version = found.map(|bytes| Version {
            size: bytes.len() as u64,
            tag: ContentHash::of(&bytes).to_string(),
            pieces: pieces(&bytes).boxed(),
        });
        async move { Ok(version) }.boxed()
    }

    fn copy_version<'a>(&'a self, from: &'a str, tag: &'a str, to: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut objects = self.objects.lock().unwrap();
        let found = objects.get(from).filter(|bytes| ContentHash::of(bytes).to_string() == tag).cloned();
        let copied = found.map(|bytes| objects.insert(to.into(), bytes)).is_some();
        async move { Ok(copied) }.boxed()
    }

    fn presign_put<'a>(&'a self, key: &'a str, size: u64, _: Duration) -> BoxFuture<'a, Result<String, StoreError>> {
        async move { Ok(format!("https://example.invalid/{key}?length={size}")) }.boxed()
    }
}
