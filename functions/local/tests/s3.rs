//! The storage adapter with the real SDK, against the embedded S3.
#![cfg(test)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::future::join_all;
use sandcastle::store::{Body, ObjectStore, Presentation, PutNew, StoreError};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::{S3Config, S3Store, StaticCredentials};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn start() -> (tempfile::TempDir, EmbeddedS3, Arc<S3Store>) {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(folder.path(), ANY_PORT).await.unwrap();
    let store = Arc::new(S3Store::connect(s3.store_config()).await);
    (folder, s3, store)
}

fn presentation(mime_type: &str, file_name: &str, inline: bool) -> Presentation {
    Presentation {
        mime_type: mime_type.to_owned(),
        file_name: file_name.to_owned(),
        inline,
        valid_for: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn what_is_put_is_got_and_what_is_deleted_is_gone() {
    let (_folder, s3, store) = start().await;
    for size in [0, 1, 70_000, 20_000_000] {
        let body = Bytes::from(vec![7; size]);
        store.put("objects/a", body.clone()).await.unwrap();
        assert!(store.get("objects/a").await.unwrap().unwrap() == body, "{size} bytes come back");
    }
    assert!(store.refresh("objects/a").await.unwrap());
    assert_eq!(store.get("objects/a").await.unwrap().unwrap().len(), 20_000_000, "a refresh keeps the bytes");
    let keys = ["objects/a".to_owned(), "objects/never".to_owned()];
    store.delete(&keys).await.unwrap();
    assert_eq!(store.get("objects/a").await.unwrap(), None);
    assert!(!store.refresh("objects/a").await.unwrap());
    assert_eq!(store.put_new("objects/a", Bytes::new()).await.unwrap(), PutNew::Created);
    store.delete(&[]).await.unwrap();
    s3.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_put_one_new_key_one_wins() {
    let (_folder, _s3, store) = start().await;
    for round in 0..10 {
        let key = format!("ledger/a/{round}");
        let puts = (0..100).map(|number: u32| {
            let (store, key) = (Arc::clone(&store), key.clone());
            tokio::spawn(async move { (number, store.put_new(&key, number.to_string().into()).await.unwrap()) })
        });
        let ended: Vec<_> = join_all(puts).await.into_iter().map(Result::unwrap).collect();
        let winners: Vec<_> = ended.iter().filter(|(_, put)| *put == PutNew::Created).collect();
        assert_eq!(winners.len(), 1, "round {round}");
        let stored = store.get(&key).await.unwrap().unwrap();
        assert_eq!(stored, winners[0].0.to_string(), "the winner's bytes are there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_ordered_bounded_and_of_one_folder() {
    let (folder, _s3, store) = start().await;
    let bucket = folder.path().join("s3/sandcastle/ledger/a");
    std::fs::create_dir_all(bucket.join("deeper")).unwrap();
    std::fs::write(bucket.join("deeper/x"), "").unwrap();
    for number in 0..10_000 {
        std::fs::write(bucket.join(format!("{number:016x}.json")), "").unwrap();
    }
    store.put("ledger/ab/0", Bytes::new()).await.unwrap();
    let key = |number: u32| format!("ledger/a/{number:016x}.json");

    assert_eq!(store.list("ledger/a/", None, 1).await.unwrap(), [key(0)]);
    assert_eq!(store.list("ledger/a/", Some(&key(41)), 2).await.unwrap(), [key(42), key(43)]);
    let last = store.list("ledger/a/", Some(&key(9_990)), 1000).await.unwrap();
    assert_eq!(last, (9_991..10_000).map(key).collect::<Vec<_>>(), "folders do not show");
    assert_eq!(store.list("ledger/a/", None, 1000).await.unwrap().len(), 1000);
    assert_eq!(store.list("ledger/none/", None, 10).await.unwrap(), [""; 0]);

    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.list("ledger/a/", after.as_deref(), 777).await.unwrap();
        let Some(end) = page.last() else { break };
        after = Some(end.clone());
        all.extend(page);
    }
    assert_eq!(all, (0..10_000).map(key).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_are_deleted() {
    let (folder, _s3, store) = start().await;
    let keys: Vec<_> = (0..2_500).map(|number| format!("files/a/{number}")).collect();
    for batch in keys.chunks(50) {
        join_all(batch.iter().map(|key| store.put(key, Bytes::from_static(b"x"))))
            .await
            .into_iter()
            .for_each(Result::unwrap);
    }
    store.delete(&keys).await.unwrap();
    assert_eq!(store.list("files/a/", None, 1000).await.unwrap(), [""; 0]);
    let left = std::fs::read_dir(folder.path().join("s3/sandcastle/files/a")).unwrap();
    assert_eq!(left.count(), 0, "nothing takes room any more");
}

#[tokio::test]
async fn a_link_serves_the_type_and_the_name_it_was_made_for() {
    let (_folder, _s3, store) = start().await;
    store.put("files/a/b", Bytes::from_static(b"<script>")).await.unwrap();
    let how = presentation("text/html", "out/bericht \"ä\".html", false);
    let url = store.presign_get("files/a/b", &how).await.unwrap();
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/html");
    let disposition = "attachment; filename=\"bericht ___.html\"; filename*=UTF-8''bericht%20%22%C3%A4%22.html";
    assert_eq!(answer.headers()["content-disposition"], disposition);
    assert_eq!(answer.text().await.unwrap(), "<script>");

    let how = presentation("image/png\r\nset-cookie: a=b", "a\r\nset-cookie: a=b.png", true);
    let url = store.presign_get("files/a/b", &how).await.unwrap();
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert!(answer.headers().get("set-cookie").is_none());
}

#[tokio::test]
async fn a_link_serves_a_part_of_a_large_object() {
    let (_folder, _s3, store) = start().await;
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
    store.put("files/a/b", body.clone().into()).await.unwrap();
    let url = store.presign_get("files/a/b", &presentation("video/mp4", "b.mp4", true)).await.unwrap();
    let part = |range: &'static str| reqwest::Client::new().get(&url).header("range", range).send();
    let answer = part("bytes=100-2500099").await.unwrap();
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.headers()["content-range"], "bytes 100-2500099/3000000");
    assert!(answer.bytes().await.unwrap() == body[100..2_500_100]);
    assert!(part("bytes=-7").await.unwrap().bytes().await.unwrap() == body[2_999_993..]);
    assert_eq!(part("bytes=3000000-").await.unwrap().status(), 416);
}

#[tokio::test]
async fn a_link_gives_nothing_but_its_object() {
    let (_folder, _s3, store) = start().await;
    store.put("files/a/b", Bytes::from_static(b"mine")).await.unwrap();
    store.put("files/a/c", Bytes::from_static(b"not yours")).await.unwrap();
    let url = store.presign_get("files/a/b", &presentation("text/html", "b.html", false)).await.unwrap();
    let http = reqwest::Client::new();
    let altered = [
        url.replace("/files/a/b", "/files/a/c"),
        url.replace("attachment", "inline"),
        url.replace("text%2Fhtml", "text%2Fplain"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600000"),
        url.replace("/files/a/b", ""),
        url.split('?').next().unwrap().to_owned(),
    ];
    for other in altered {
        assert_ne!(other, url, "the case changes something");
        let status = http.get(&other).send().await.unwrap().status();
        assert_eq!(status, 403, "{other}");
    }
    for method in ["PUT", "DELETE", "POST"] {
        let request = http.request(method.parse().unwrap(), &url).body("theirs");
        let status = request.send().await.unwrap().status();
        assert!(status.is_client_error(), "{method}: {status}");
    }
    assert_eq!(store.get("files/a/b").await.unwrap().unwrap(), "mine");
}

#[tokio::test]
async fn an_expired_link_is_refused() {
    let (_folder, _s3, store) = start().await;
    store.put("files/a/b", Bytes::from_static(b"mine")).await.unwrap();
    let how = Presentation { valid_for: Duration::from_secs(1), ..presentation("text/csv", "b.csv", true) };
    let url = store.presign_get("files/a/b", &how).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 403);
}

#[tokio::test]
async fn other_credentials_are_refused() {
    let (_folder, s3, store) = start().await;
    store.put("files/a/b", Bytes::from_static(b"mine")).await.unwrap();
    let right = s3.credentials().clone();
    for (key_id, secret) in [(&*right.key_id, "wrong"), ("nobody", &*right.secret)] {
        let credentials =
            StaticCredentials { key_id: key_id.to_owned(), secret: secret.to_owned(), session_token: None };
        let other = S3Store::connect(S3Config { credentials: Some(credentials), ..s3.store_config() }).await;
        assert!(matches!(other.get("files/a/b").await, Err(StoreError::Refused { .. })));
        assert!(matches!(other.put("files/a/b", Bytes::new()).await, Err(StoreError::Refused { .. })));
        assert!(matches!(other.list("files/a/", None, 1).await, Err(StoreError::Refused { .. })));
        let url = other.presign_get("files/a/b", &presentation("text/csv", "b.csv", true)).await.unwrap();
        assert_eq!(reqwest::get(&url).await.unwrap().status(), 403);
    }
    assert_eq!(reqwest::get(format!("{}/sandcastle/files/a/b", s3.endpoint())).await.unwrap().status(), 403);
    let shown = format!("{right:?} {:?}", s3.store_config());
    assert!(!shown.contains(&right.secret), "{shown}");
}

#[tokio::test]
async fn keys_that_could_not_be_kept_apart_are_refused_and_leave_nothing() {
    let (folder, _s3, store) = start().await;
    let long = format!("objects/{}", "a".repeat(256));
    for key in ["../lock", "a/../../s3-credentials.json", "a//b", "a/", "./a", &*long] {
        let put = store.put(key, Bytes::from_static(b"x")).await;
        assert!(matches!(put, Err(StoreError::Refused { .. })), "{key}: {put:?}");
    }
    let error = store.put(&long, Bytes::new()).await.unwrap_err();
    let source = format!("{:?}", std::error::Error::source(&error));
    assert!(source.contains("KeyTooLong"), "{source}");
    assert_eq!(store.list("objects/", None, 10).await.unwrap(), [""; 0]);
    assert!(!folder.path().join("lock").metadata().unwrap().is_dir());
}

#[tokio::test]
async fn an_unreachable_s3_leaves_the_outcome_unknown() {
    let (_folder, s3, store) = start().await;
    s3.shutdown().await.unwrap();
    assert!(matches!(store.put_new("a/b", Bytes::new()).await, Err(StoreError::Unknown { .. })));
    assert!(matches!(store.get("a/b").await, Err(StoreError::Unknown { .. })));
}

#[tokio::test]
async fn one_server_at_a_time_uses_a_data_folder() {
    let (folder, s3, store) = start().await;
    store.put("a/b", Bytes::from_static(b"x")).await.unwrap();
    let second = EmbeddedS3::start(folder.path(), ANY_PORT).await.unwrap_err().to_string();
    assert!(second.contains("SANDCASTLE_DATA_DIR") && second.contains("S3_ENDPOINT"), "{second}");
    s3.shutdown().await.unwrap();
    let s3 = EmbeddedS3::start(folder.path(), ANY_PORT).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    assert_eq!(store.get("a/b").await.unwrap().unwrap(), "x", "what was stored outlives the server");
}

/// Bytes that are read piece by piece, as from a disk.
struct Disk(Bytes);

impl Body for Disk {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn piece(&self, at: u64, most: usize) -> std::io::Result<Bytes> {
        self.0.piece(at, most)
    }
}

#[tokio::test]
async fn bytes_from_a_source_arrive_whole_and_overwrite_nothing() {
    let (_folder, _s3, store) = start().await;
    for size in [0, 1, 256 * 1024, 3_000_000] {
        let bytes: Bytes = (0..size).map(|number: u32| u8::try_from(number % 251).unwrap()).collect();
        let (key, source) = (format!("files/a/{size}"), Arc::new(Disk(bytes.clone())) as Arc<dyn Body>);
        assert_eq!(store.put_new_from(&key, &source).await.unwrap(), PutNew::Created);
        assert!(store.get(&key).await.unwrap().unwrap() == bytes, "{size} bytes come back");
        let other = Arc::new(Disk(Bytes::from_static(b"other"))) as Arc<dyn Body>;
        assert_eq!(store.put_new_from(&key, &other).await.unwrap(), PutNew::Exists);
        assert!(store.get(&key).await.unwrap().unwrap() == bytes, "{size} bytes are still there");
    }
}

#[tokio::test]
async fn a_version_is_copied_and_no_other_one() {
    let (_folder, _s3, store) = start().await;
    store.put("staging/a", Bytes::from_static(b"one")).await.unwrap();
    let read = store.get_version("staging/a").await.unwrap().unwrap();
    assert_eq!(read.size, 3);
    store.put("staging/a", Bytes::from_static(b"two")).await.unwrap();
    assert!(!store.copy_version("staging/a", &read.tag, "files/a").await.unwrap());
    assert_eq!(store.get("files/a").await.unwrap(), None);
    let read = store.get_version("staging/a").await.unwrap().unwrap();
    assert!(store.copy_version("staging/a", &read.tag, "files/a").await.unwrap());
    store.put("staging/a", Bytes::from_static(b"three")).await.unwrap();
    assert_eq!(store.get("files/a").await.unwrap().unwrap(), "two", "a copy of its own");
    store.delete(&["staging/a".to_owned()]).await.unwrap();
    assert!(!store.copy_version("staging/a", &read.tag, "files/b").await.unwrap(), "it is gone");
    assert!(store.get_version("staging/a").await.unwrap().is_none());
}

#[tokio::test]
async fn uploads_that_nobody_took_over_are_removed_after_a_day() {
    let (folder, s3, store) = start().await;
    for key in ["staging/a/1/old", "staging/a/1/new", "staging/b/1/old", "files/a/1/old"] {
        store.put(key, Bytes::from_static(b"x")).await.unwrap();
        if key.ends_with("old") {
            let file = std::fs::File::open(folder.path().join("s3/sandcastle").join(key)).unwrap();
            file.set_modified(std::time::SystemTime::now() - Duration::from_secs(25 * 3600)).unwrap();
        }
    }
    s3.shutdown().await.unwrap();
    let s3 = EmbeddedS3::start(folder.path(), ANY_PORT).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    assert_eq!(store.list("staging/a/1/", None, 10).await.unwrap(), ["staging/a/1/new"]);
    assert!(!folder.path().join("s3/sandcastle/staging/b").exists(), "its folder is left");
    assert_eq!(store.get("files/a/1/old").await.unwrap().unwrap(), "x");
}
