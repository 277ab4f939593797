//! Files from outside, as large as they come: through `sandcastle serve`, through the function as Lambda runs it, past both to
//! the bucket, and into a kernel that is warm.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use sandcastle::store::{Body, ObjectStore, PutNew};
use sandcastle_e2e::{
    api::Api,
    deployment::{Bucket, Deployment},
    emulator::event,
    faults::{Fault, Faulty, Op, Plan},
    front::Front,
    gateway::Gateway,
    memory::{nameless_files, peak},
    place::Place,
    server::{KEY, Server, kernel_processes, kernels},
};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use serde_json::{Value, json};

/// A large file.
const LARGE: usize = 50_000_000;
/// What a process that moves it may take at most: less than it takes anyway and the file together. (The aim is 80 MB.)
const MEMORY: u64 = 60_000_000;

/// Bytes that nothing makes shorter, and no two of which are at the same place.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// PUTs to a presigned place; the status.
async fn put(place: &Value, bytes: Vec<u8>) -> u16 {
    assert_eq!((&place["method"], place["headers"]["content-length"].as_str().is_some()), (&json!("PUT"), true));
    // Of an empty body this client would not tell the length.
    let request = reqwest::Client::new().put(place["url"].as_str().unwrap()).header("content-length", bytes.len());
    let request = request.body(bytes);
    request.send().await.unwrap().status().as_u16()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The embedded S3 is in this process too.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_up_and_down_through_a_small_server() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let (api, bytes) = (server.api(), noise(LARGE));
    let sandbox = api.start().await;
    let before = peak(server.pid());
    let stored = api.upload(&sandbox, "large.bin", &bytes).await;
    assert_eq!((stored.status, &stored.body["size_bytes"]), (200, &json!(LARGE)), "{stored:?}");
    let up = peak(server.pid());
    assert!(api.download(&sandbox, "large.bin").await == bytes, "other bytes");
    let peaks = [before, up, peak(server.pid())];
    println!("{LARGE} bytes through a server: peaks at the start, after the upload, after the download: {peaks:?}");
    assert!(peaks[2] < MEMORY, "{peaks:?}");
    assert_eq!(nameless_files(server.pid()), 0, "a temporary file is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_goes_past_the_function_within_its_memory_and_rights() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::Guarded(Front::start(folder.path()).await);
    let settings = [("TENANT_SCOPE", "sandbox"), ("SANDCASTLE_STREAM_DOWNLOADS", "yes")];
    let deployment = Deployment::start_in(Place::Here, folder.path(), bucket, &settings).await;
    let api = Api::new(&Gateway::start(&deployment.execute.url).await.url, KEY);
    let (sandbox, bytes) = (api.start().await, noise(LARGE));
    assert_eq!(api.output(&sandbox, "kept = 'warm'\nprint(kept)").await, ["warm"]);

    let place = api.announce(&sandbox, "large 50%.bin", LARGE).await;
    assert_eq!(put(&place, bytes.clone()).await, 200);
    let taken = api.take(&sandbox, &place).await;
    assert_eq!(taken.body, json!({ "filename": "large 50%.bin", "size_bytes": LARGE }), "{}", deployment.log());
    let read = "import os\nprint(kept, os.path.getsize('large 50%.bin'), open('large 50%.bin', 'rb').read(4).hex())";
    let first: String = bytes[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(api.output(&sandbox, read).await, [format!("warm {LARGE} {first}")]);

    let mut download = event("GET", &format!("/v2/sandcastles/{sandbox}/files/large%2050%25.bin"), None);
    download["resource"] = json!("/v2/sandcastles/{id}/files/{path+}");
    // The function streams it; but this emulator hands on nothing that is longer than a whole answer may be.
    let refused = deployment.execute.invoke_raw(&download).await;
    assert!(refused.starts_with(b"{\"errorType\":\"Function.ResponseSizeTooLarge\""), "{} bytes", refused.len());
    let function = kernel_processes(deployment.execute.pid());
    let names = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    let [function] = <[i32; 1]>::try_from(function).unwrap();
    assert_eq!(names(&function).trim(), "bootstrap");
    let most = peak(function.unsigned_abs());
    println!("{LARGE} bytes past the function: its peak is {most}");
    assert!(most < MEMORY, "{most}");
    assert_eq!(api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await.status, 200);
    assert_eq!(deployment.front().denials(), [""; 0], "{}", deployment.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_takes_a_file_of_the_announced_length_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let api = server.api();
    let (sandbox, other) = (api.start().await, api.start().await);
    let place = api.announce(&sandbox, "a.bin", 1000).await;
    for length in [0, 999, 1001, 100_000] {
        assert_eq!(put(&place, noise(length)).await, 403, "{length} bytes");
    }
    let chunked = raw(
        place["url"].as_str().unwrap(),
        "PUT",
        "transfer-encoding: chunked\r\n",
        b"3e8\r\n".iter().copied().chain(noise(1000)).chain(*b"\r\n0\r\n\r\n").collect(),
    );
    assert!((400..500).contains(&chunked), "a length that is not told: {chunked}");
    let elsewhere = place["url"].as_str().unwrap().replace("/staging/", "/files/");
    assert_eq!(put(&json!({ "url": elsewhere, "method": "PUT", "headers": place["headers"] }), noise(1000)).await, 403);
    assert_eq!(api.take(&sandbox, &place).await.status, 404, "nothing is there yet");

    assert_eq!(put(&place, vec![1; 1000]).await, 200);
    assert_eq!(api.take(&other, &place).await.status, 404, "another sandbox's");
    assert_eq!(api.take(&sandbox, &place).await.status, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![1; 1000]);
    // A file that was taken over is out of reach of the URL.
    assert_eq!(put(&place, vec![2; 1000]).await, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![1; 1000]);
    assert_eq!(api.take(&sandbox, &place).await.status, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![2; 1000]);
    let empty = api.announce(&sandbox, "empty", 0).await;
    assert_eq!(put(&empty, Vec::new()).await, 200);
    assert_eq!(api.take(&sandbox, &empty).await.status, 200);
    assert_eq!(api.download(&sandbox, "empty").await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_kernel_sees_a_file_and_so_does_every_later_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let api = server.api();
    let sandbox = api.start().await;
    assert_eq!(api.output(&sandbox, "kept = 41\nprint(kept + 1)").await, ["42"]);
    let warm = kernels(server.pid());
    let names = ["a b.txt", "it's \"50%\" é#?;+.txt"];
    for name in names {
        assert_eq!(api.upload(&sandbox, &name.replace('"', "%22"), name).await.status, 200);
    }
    let place = api.announce(&sandbox, "staged.txt", 6).await;
    assert_eq!(put(&place, b"staged".to_vec()).await, 200);
    assert_eq!(api.take(&sandbox, &place).await.status, 200);

    let look = "import os\nfor name in sorted(os.listdir()): print(name, '=', open(name).read())";
    let expected = [format!("{0} = {0}", names[0]), format!("{0} = {0}", names[1]), "staged.txt = staged".to_owned()];
    assert_eq!(api.output(&sandbox, &format!("{look}\nprint(kept)")).await, [&expected[..], &["41".into()]].concat());
    assert_eq!(kernels(server.pid()), warm, "another kernel");
    for kernel in warm {
        let _ = kill_process(Pid::from_raw(kernel).unwrap(), Signal::KILL);
    }
    // Its death may be noticed by the next call only.
    api.execute(&sandbox, "1").await;
    assert_eq!(api.output(&sandbox, look).await, expected, "after the kernel's death");
    server.kill();
    let server = Server::start(&data, &[("RUST_LOG", "info")]);
    assert_eq!(server.api().output(&sandbox, look).await, expected, "after the server's death");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_neither_a_file_nor_a_temporary_one() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let api = server.api();
    let sandbox = api.start().await;
    let mut socket = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!(
        "POST /v2/sandcastles/{sandbox}/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 100000000\r\n\
         content-type: multipart/form-data; boundary=x\r\n\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; \
         filename=\"half.bin\"\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&noise(4 << 20)).unwrap();
    until("the file is not kept on disk", || nameless_files(server.pid()) == 1).await;
    drop(socket);
    until("a temporary file is left", || nameless_files(server.pid()) == 0).await;
    let listed = api.call("GET", &format!("/v2/sandcastles/{sandbox}/files"), None).await;
    assert_eq!(listed.body, json!({ "files": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_upload_is_answered_while_the_file_is_still_to_come() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let url = format!("{}/v2/sandcastles/00000000-0000-4000-8000-000000000000/files", server.url);
    let form = "content-length: 500000000\r\ncontent-type: multipart/form-data; boundary=x\r\n";
    let status = raw(&url, "POST", &format!("authorization: Bearer {KEY}\r\n{form}"), noise(1 << 20));
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_working_folder_for_who_writes_it_himself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let sandbox = server.api().start().await;
    let bearer = format!("authorization: Bearer {KEY}\r\n");
    let paths = [
        "..",
        "../../../etc/passwd",
        "%2e%2e/x",
        "%2e%2e%2fx",
        "..%5cx",
        "%c0%ae%c0%ae/x",
        "a%00",
        "/etc/passwd",
        "//",
        ".x",
    ];
    for path in paths {
        for method in ["GET", "DELETE"] {
            let url = format!("{}/v2/sandcastles/{sandbox}/files/{path}", server.url);
            assert_eq!(raw(&url, method, &bearer, Vec::new()), 400, "{method} {path}");
        }
        let url = format!("{}/v2/sandcastles/{sandbox}/files?path={path}", server.url);
        assert_eq!(raw(&url, "GET", &bearer, Vec::new()), 400, "?path={path}");
    }
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
async fn a_write_that_fails_halfway_is_tried_again_from_its_beginning() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), Plan::default());
    let layer = |bucket| Faulty::new(bucket, plan.clone());
    let s3 = EmbeddedS3::start_with(folder.path(), (Ipv4Addr::LOCALHOST, 0).into(), layer).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    let bytes = Bytes::from(noise(3_000_000));
    let source = Arc::new(Disk(bytes.clone())) as Arc<dyn Body>;
    plan.add(Op::Put, "files/a", Fault::Fail, 2);
    assert_eq!(store.put_new_from("files/a", &source).await.unwrap(), PutNew::Created);
    assert!(store.get("files/a").await.unwrap().unwrap() == bytes, "other bytes");
    plan.add(Op::Put, "files/b", Fault::HappensUnsaid, 1);
    assert_eq!(store.put_new_from("files/b", &source).await.unwrap(), PutNew::Exists);
    assert!(store.get("files/b").await.unwrap().unwrap() == bytes, "other bytes");
}

/// The status of an answer to a request that no client has made better.
fn raw(url: &str, method: &str, headers: &str, body: Vec<u8>) -> u16 {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let head = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n");
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(&body).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).unwrap();
    std::str::from_utf8(&answer).unwrap()[9..].parse().unwrap()
}
