//! Answers of storage that break off in the middle.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures::FutureExt;
use sandcastle::store::{ObjectStore, PutNew, StoreError};
use sandcastle_e2e::{
    s3_proxy::{Decide, S3Proxy},
    s3_request::Fault,
};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::{S3Config, S3Store};

#[tokio::test]
async fn an_object_whose_answer_breaks_off_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(folder.path(), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let torn = Arc::new(AtomicUsize::new(0));
    let decide: Decide = {
        let torn = Arc::clone(&torn);
        Arc::new(move |asked| {
            let less = |left: usize| left.checked_sub(1);
            let tears = asked.method == "GET" && torn.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
            futures::future::ready(if tears { Fault::Torn } else { Fault::None }).boxed()
        })
    };
    let proxy = S3Proxy::start(&s3.endpoint(), decide).await;
    let store = S3Store::connect(S3Config { endpoint: Some(proxy.url), ..s3.store_config() }).await;
    let store: &dyn ObjectStore = &store;
    let bytes = Bytes::from(vec![7; 100_000]);
    assert_eq!(store.put_new("objects/a", bytes.clone()).await.unwrap(), PutNew::Created);

    torn.store(2, Ordering::SeqCst);
    assert!(store.get("objects/a").await.unwrap() == Some(bytes));
    torn.store(3, Ordering::SeqCst);
    assert!(matches!(store.get("objects/a").await, Err(StoreError::Unknown { .. })));
}
