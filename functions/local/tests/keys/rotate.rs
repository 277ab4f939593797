//! Rotating a key: the new key, when the old one ends, and that the owner always has a key that works.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};
use sandcastle::{
    KeyRecord, Secret, layout,
    store::{ObjectStore, Presentation, PutNew, StoreError, Version},
};
use sandcastle_local::keys::{list, revoke, rotate};
use sandcastle_s3::S3Store;
use time::{Duration, OffsetDateTime};

use super::{create, printed, refused, run, serve};

async fn record(store: &dyn ObjectStore, secret: &Secret) -> Option<KeyRecord> {
    let stored = store.get(&layout::api_key(&secret.digest())).await.unwrap()?;
    Some(serde_json::from_slice(&stored).unwrap())
}

/// True when the server lets the key in after so many hours.
async fn works_in(hours: i64, store: &dyn ObjectStore, secret: &Secret) -> bool {
    let now = OffsetDateTime::now_utc() + Duration::hours(hours);
    record(store, secret).await.is_some_and(|record| record.principal(now).is_some())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_new_key_is_like_the_old_one_which_ends_at_once() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let arguments =
        "create --org acme --member bob --name ci --scope sandbox:read --expires-in-days 7 --sandbox-limit 3";
    let old = printed(data.path(), &arguments.split(' ').collect::<Vec<_>>());
    let old = Secret::new(old.trim_end().to_owned());
    let before = record(&store, &old).await.unwrap();
    let rotated = run(data.path(), &["rotate", &old.digest()[..12]]);
    let (new, told) = (String::from_utf8(rotated.stdout).unwrap(), String::from_utf8(rotated.stderr).unwrap());
    assert!(rotated.status.success() && new.starts_with("tql_") && new.lines().count() == 1, "{new}{told}");
    let new = Secret::new(new.trim_end().to_owned());
    assert!(told.contains(&old.digest()[..12]) && told.contains("revoked") && !told.contains(new.expose()), "{told}");
    assert!(record(&store, &old).await.is_none());
    let mut after = record(&store, &new).await.unwrap();
    assert!(after.created_at > before.created_at);
    assert_eq!(after.expires_at.unwrap() - after.created_at, Duration::days(7), "as long as the old one's life");
    (after.created_at, after.expires_at) = (before.created_at, before.expires_at);
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_overlap_both_work_until_it_is_over() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let old = create(data.path(), "one");
    let id = &old.digest()[..12];
    let new = printed(data.path(), &["rotate", id, "--overlap-hours", "2"]);
    let new = Secret::new(new.trim_end().to_owned());
    for (hours, both) in [(0, true), (1, true), (2, false)] {
        assert_eq!(works_in(hours, &store, &old).await, both, "in {hours} hours");
        assert!(works_in(hours, &store, &new).await, "in {hours} hours");
    }
    let table = printed(data.path(), &["list"]);
    let line = |id: &str| table.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(!line(id).contains("never") && line(&new.digest()[..12]).contains("never"), "{table}");
    assert!(refused(data.path(), &["rotate", id]).contains("has been rotated"), "its successor would end when it does");
    assert!(refused(data.path(), &["rotate", new.expose()]).contains("never pass the key itself"));
    for hours in ["0", "8761", "x"] {
        assert!(refused(data.path(), &["rotate", &new.digest(), "--overlap-hours", hours]).contains("overlap"));
    }
    assert_eq!(printed(data.path(), &["list"]).lines().count(), 3, "nothing more was made");
}

/// Writes work until so many were made; then nothing is written any more, as if this process had died.
struct Dying {
    store: Arc<S3Store>,
    left: AtomicI64,
}

impl Dying {
    fn write(&self, key: &str) -> Result<(), StoreError> {
        match self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Ok(()),
            false => Err(StoreError::Unknown { action: "write", key: key.into(), source: "died".into() }),
        }
    }
}

impl ObjectStore for Dying {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.store.get(key)
    }

    fn put_new<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        async move { self.write(key).map(|()| self.store.put_new(key, body))?.await }.boxed()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<(), StoreError>> {
        async move { self.write(key).map(|()| self.store.put(key, body))?.await }.boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.store.list(prefix, after, limit)
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), StoreError>> {
        async move { self.write("keys").map(|()| self.store.delete(keys))?.await }.boxed()
    }

    fn refresh<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.store.refresh(key)
    }

    fn presign_get<'a>(&'a self, key: &'a str, how: &'a Presentation) -> BoxFuture<'a, Result<String, StoreError>> {
        self.store.presign_get(key, how)
    }

    fn get_version<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        unreachable!("a key is no upload")
    }

    fn copy_version<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        unreachable!("a key is no upload")
    }

    fn presign_put<'a>(
        &'a self,
        _: &'a str,
        _: u64,
        _: std::time::Duration,
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        unreachable!("a key is no upload")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_cut_off_somebody_has_a_key_that_works() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let store = Arc::new(store);
    for overlap in [None, Some(Duration::HOUR)] {
        for writes in 0..3 {
            let old = create(data.path(), "one");
            let dying = Dying { store: Arc::clone(&store), left: AtomicI64::new(writes) };
            let mut shown = None;
            let show = |secret: &Secret| {
                shown = Some(secret.clone());
                Ok(())
            };
            let done = rotate(&dying, &old.digest(), overlap, show).await;
            assert_eq!(done.is_ok(), writes == 2, "{done:?}");
            match &shown {
                Some(new) => assert!(works_in(0, &*store, new).await, "{writes} writes"),
                None => assert!(works_in(0, &*store, &old).await, "{writes} writes"),
            }
            assert_eq!(works_in(0, &*store, &old).await, writes < 2 || overlap.is_some(), "{writes} writes");
            if writes == 1 {
                let told = done.unwrap_err().to_string();
                assert!(told.contains(&format!("revoke {}", &old.digest()[..12])), "{told}");
                // And what was cut off can be done again.
                rotate(&*store, &old.digest(), overlap, |_| Ok(())).await.unwrap();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_shown_is_taken_back() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let old = create(data.path(), "one");
    let broken = |_: &Secret| Err(io::Error::from(io::ErrorKind::BrokenPipe));
    let told = rotate(&store, &old.digest(), None, broken).await.unwrap_err().to_string();
    assert!(told.contains("was deleted"), "{told}");
    assert!(works_in(0, &store, &old).await);
    assert_eq!(list(&store).await.unwrap().lines().count(), 2, "the old key alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_meanwhile_does_not_come_back() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let old = create(data.path(), "one");
    let (id, revocations) = (old.digest(), AtomicUsize::new(0));
    let show = |_: &Secret| {
        let revoked = revoke(&store, &id);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(revoked)).unwrap();
        revocations.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    rotate(&store, &old.digest(), Some(Duration::HOUR), show).await.unwrap();
    assert_eq!(revocations.load(Ordering::SeqCst), 1);
    assert!(record(&store, &old).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_has_ended_or_comes_back_by_itself_is_not_rotated() {
    let data = tempfile::tempdir().unwrap();
    let (_s3, store) = serve(data.path()).await;
    let old = create(data.path(), "one");
    let mut ended = record(&store, &old).await.unwrap();
    ended.expires_at = Some(OffsetDateTime::now_utc() - Duration::SECOND);
    store.put(&layout::api_key(&old.digest()), serde_json::to_vec(&ended).unwrap().into()).await.unwrap();
    assert!(refused(data.path(), &["rotate", &old.digest()]).contains("has expired: create a new key"));
    let development = create(data.path(), "development key");
    assert!(refused(data.path(), &["rotate", &development.digest()]).contains("delete the file dev-key"));
    assert_eq!(printed(data.path(), &["list"]).lines().count(), 3, "nothing was made");
}
