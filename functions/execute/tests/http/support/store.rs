//! The storage port over a map, with a count of reads and a switch that makes reads of keys fail.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use sandcastle::{
    keys::API_KEYS,
    store::{ObjectStore, Presentation, PutNew, StoreError},
};

#[derive(Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    /// Reads of key records so far.
    pub(crate) key_reads: AtomicUsize,
    /// Reads of key records fail while it is set.
    pub(crate) keys_fail: AtomicBool,
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
}
