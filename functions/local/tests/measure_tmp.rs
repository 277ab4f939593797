//! The storage port over the real SDK, against the embedded S3.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::future::join_all;
use sandcastle::store::{ObjectStore, Presentation, PutNew, StoreError};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::{S3Config, S3Store, StaticCredentials};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn start() -> (tempfile::TempDir, EmbeddedS3, Arc<S3Store>) {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(folder.path(), ANY_PORT).await.unwrap();
    let store = Arc::new(S3Store::connect(s3.store_config()).await);
    (folder, s3, store)
}

async fn old(root: &std::path::Path) -> S3Store {
    use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
    std::fs::create_dir_all(root.join("sandcastle")).unwrap();
    let mut b = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    b.set_auth(SimpleAuth::from_single("a", "b"));
    let svc = axum::error_handling::HandleError::new(b.build(), |_e: s3s::HttpError| async { axum::http::StatusCode::INTERNAL_SERVER_ERROR });
    let l = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let addr = l.local_addr().unwrap();
    use axum::serve::ListenerExt;
    tokio::spawn(async move { axum::serve(l.tap_io(|s| drop(s.set_nodelay(true))), axum::Router::new().fallback_service(svc)).await.unwrap() });
    S3Store::connect(S3Config { bucket: "sandcastle".into(), endpoint: Some(format!("http://{addr}")), credentials: Some(StaticCredentials { key_id: "a".into(), secret: "b".into() }), ..Default::default() }).await
}
#[tokio::test(flavor = "multi_thread")]
#[ignore]
async fn measure() {
    let (_folder, _s3, store) = start().await;
    let f2 = tempfile::tempdir().unwrap();
    let other = old(f2.path()).await;
    let mut t: [Vec<Duration>; 4] = Default::default();
    for i in 0..2000 {
        for (n, s) in [(0, &*store), (1, &other)] {
            let b = std::time::Instant::now();
            s.put_new(&format!("ledger/x/{:016x}.json", i), Bytes::from(vec![b'x'; 2000])).await.unwrap();
            t[n].push(b.elapsed());
            let b = std::time::Instant::now();
            s.get("ledger/x/missing").await.unwrap();
            t[n+2].push(b.elapsed());
        }
    }
    for (name, t) in ["own put", "s3s-fs put", "own get missing", "s3s-fs get missing"].iter().zip(&mut t) {
        t.sort();
        println!("{name} p10 {:?} p50 {:?} p90 {:?} p99 {:?}", t[200], t[1000], t[1800], t[1980]);
    }
    let _ = (PutNew::Created, join_all(Vec::<std::future::Ready<()>>::new()), None::<(Presentation, StoreError)>);
}
