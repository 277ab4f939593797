//! A bucket in memory, which can be told to fail.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, pending, ready};
use sandcastle::store::{ObjectStore, Presentation, PutNew, StoreError, Version};

/// Keys and bytes, and how many reads and writes there were.
#[derive(Default)]
pub(crate) struct MemoryStore {
    objects: Mutex<BTreeMap<String, Bytes>>,
    puts: Mutex<usize>,
    gets: Mutex<usize>,
    /// Writes have no known outcome from now on.
    pub(crate) failing: AtomicBool,
    /// Reads fail from now on.
    pub(crate) unreadable: AtomicBool,
    /// Writes never end from now on.
    pub(crate) stalled: AtomicBool,
}

impl MemoryStore {
    pub(crate) fn puts(&self) -> usize {
        *self.puts.lock().unwrap()
    }

    pub(crate) fn gets(&self) -> usize {
        *self.gets.lock().unwrap()
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap()
    }
}

impl ObjectStore for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        *self.gets.lock().unwrap() += 1;
        if self.unreadable.load(Ordering::SeqCst) {
            let source = "told to fail".into();
            return ready(Err(StoreError::Unknown { action: "get", key: key.to_owned(), source })).boxed();
        }
        ready(Ok(self.objects().get(key).cloned())).boxed()
    }

    fn put_new<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        *self.puts.lock().unwrap() += 1;
        if self.stalled.load(Ordering::SeqCst) {
            return pending().boxed();
        }
        if self.failing.load(Ordering::SeqCst) {
            let source = "told to fail".into();
            return ready(Err(StoreError::Unknown { action: "put", key: key.to_owned(), source })).boxed();
        }
        let put = match self.objects().entry(key.to_owned()) {
            Entry::Occupied(_) => PutNew::Exists,
            Entry::Vacant(entry) => {
                entry.insert(body);
                PutNew::Created
            }
        };
        ready(Ok(put)).boxed()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<(), StoreError>> {
        self.objects().insert(key.to_owned(), body);
        ready(Ok(())).boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        let found = |key: &&String| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
        ready(Ok(self.objects().keys().filter(found).take(limit.into()).cloned().collect())).boxed()
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.objects().retain(|key, _| !keys.contains(key));
        ready(Ok(())).boxed()
    }

    fn refresh<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        ready(Ok(self.objects().contains_key(key))).boxed()
    }

    fn presign_get<'a>(&'a self, key: &'a str, _: &'a Presentation) -> BoxFuture<'a, Result<String, StoreError>> {
        ready(Ok(format!("memory:{key}"))).boxed()
    }

    fn get_version<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        unreachable!("uploads do not come by an interpreter")
    }

    fn copy_version<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        unreachable!("uploads do not come by an interpreter")
    }

    fn presign_put<'a>(&'a self, _: &'a str, _: u64, _: Duration) -> BoxFuture<'a, Result<String, StoreError>> {
        unreachable!("uploads do not come by an interpreter")
    }
}
