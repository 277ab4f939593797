//! The embedded S3, holding the API key of the tests.

use std::{net::Ipv4Addr, path::Path};

use bytes::Bytes;
use sandcastle::{KeyRecord, Name, Scope, Secret, layout, store::ObjectStore};
use sandcastle_local::{EmbeddedS3, LocalBucket};
use sandcastle_s3::S3Store;

use crate::server::KEY;

/// An embedded S3 with its data in this folder, which may have some already, holding the record of [`KEY`].
pub async fn bucket(folder: &Path) -> EmbeddedS3 {
    bucket_and_backend(folder).await.0
}

/// The same, with the backend that answers its requests once they are authenticated.
pub(crate) async fn bucket_and_backend(folder: &Path) -> (EmbeddedS3, LocalBucket) {
    let mut backend = None;
    let keep = |bucket: LocalBucket| {
        backend = Some(bucket.clone());
        bucket
    };
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let s3 = EmbeddedS3::start_with(&folder.join("bucket"), address, keep).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    let name = |text| Name::parse(text).unwrap();
    let record = KeyRecord {
        org: name("acme"),
        member: name("ann"),
        scopes: Scope::ALL.to_vec(),
        name: "test".into(),
        created_at: time::OffsetDateTime::now_utc(),
        expires_at: None,
        retired_at: None,
        sandbox_limit: None,
    };
    let record = Bytes::from(serde_json::to_vec(&record).unwrap());
    let digest = Secret::new(KEY.to_owned()).digest();
    store.put_new(&layout::api_key(&digest), record).await.unwrap();
    (s3, backend.unwrap())
}
