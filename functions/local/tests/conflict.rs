//! A PUT that S3 asks to repeat because another one for the same key is in progress (409 `ConditionalRequestConflict`).

use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU32, Ordering},
};

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{GetObjectInput, GetObjectOutput, PutObjectInput, PutObjectOutput},
    s3_error,
};
use sandcastle::store::{ObjectStore, PutNew, StoreError};
use sandcastle_local::{EmbeddedS3, LocalBucket};
use sandcastle_s3::S3Store;

/// A bucket that answers so many PUTs with the conflict.
struct Conflicting {
    bucket: LocalBucket,
    left: AtomicU32,
}

#[async_trait::async_trait]
impl S3 for Conflicting {
    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.bucket.get_object(req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if taken.is_ok() { Err(s3_error!(ConditionalRequestConflict)) } else { self.bucket.put_object(req).await }
    }
}

#[tokio::test]
async fn it_is_repeated_and_at_last_given_up_as_unknown() {
    for (conflicts, created) in [(3, true), (u32::MAX, false)] {
        let folder = tempfile::tempdir().unwrap();
        let layer = |bucket| Conflicting { bucket, left: AtomicU32::new(conflicts) };
        let s3 = EmbeddedS3::start_with(folder.path(), (Ipv4Addr::LOCALHOST, 0).into(), layer).await.unwrap();
        let store = S3Store::connect(s3.store_config()).await;
        let put = store.put_new("ledger/a/1", "entry".into()).await;
        if created {
            assert_eq!(put.unwrap(), PutNew::Created);
            assert_eq!(store.get("ledger/a/1").await.unwrap().unwrap(), "entry");
        } else {
            assert!(matches!(put, Err(StoreError::Unknown { .. })), "{put:?}");
        }
    }
}
