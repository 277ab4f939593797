//! Uploads and downloads, also of large files: through `sandcastle serve`, through the function, directly to the bucket, and
//! into a warm kernel.

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
    gateway::Gateway,
    iam_s3::IamS3,
    isolation::Isolation,
    process::{open_deleted_files, peak_memory},
    server::{KEY, Server, kernel_processes, kernels},
};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use serde_json::{Value, json};

/// Length of a large file in bytes.
const LARGE: usize = 50_000_000;
/// Peak memory in bytes of a process that moves the file: less than its usual memory and the file together. (The aim is
/// 80 MB.)
const MAX_MEMORY: u64 = 60_000_000;

/// Pseudo-random bytes, which cannot be compressed.
fn random_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// Sends the presigned PUT; the status.
async fn put(upload: &Value, bytes: Vec<u8>) -> u16 {
    assert_eq!((&upload["method"], upload["headers"]["content-length"].as_str().is_some()), (&json!("PUT"), true));
    // reqwest sends no length for an empty body by itself.
    let request = reqwest::Client::new().put(upload["url"].as_str().unwrap()).header("content-length", bytes.len());
    let request = request.body(bytes);
    request.send().await.unwrap().status().as_u16()
}

/// Waits until the condition holds.
async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The memory includes that of the embedded S3, which runs in the server's process.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_uploaded_and_downloaded_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let (api, bytes) = (server.api(), random_bytes(LARGE));
    let sandbox = api.start().await;
    let before = peak_memory(server.pid());
    let stored = api.upload(&sandbox, "large.bin", &bytes).await;
    assert_eq!((stored.status, &stored.body["size_bytes"]), (200, &json!(LARGE)), "{stored:?}");
    let up = peak_memory(server.pid());
    assert!(api.download(&sandbox, "large.bin").await == bytes, "the bytes differ");
    let peaks = [before, up, peak_memory(server.pid())];
    println!(
        "{LARGE} bytes through a server: peak memory at the start, after the upload, after the download: {peaks:?}"
    );
    assert!(peaks[2] < MAX_MEMORY, "{peaks:?}");
    assert_eq!(open_deleted_files(server.pid()), 0, "a temporary file is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_uploaded_directly_to_the_bucket_within_memory_and_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::WithIam(IamS3::start(folder.path()).await);
    let settings = [("TENANT_SCOPE", "sandbox"), ("SANDCASTLE_STREAM_DOWNLOADS", "yes")];
    let deployment = Deployment::start_isolated(Isolation::None, folder.path(), bucket, &settings).await;
    let api = Api::new(&Gateway::start(&deployment.execute.url).await.url, KEY);
    let (sandbox, bytes) = (api.start().await, random_bytes(LARGE));
    assert_eq!(api.output(&sandbox, "kept = 'warm'\nprint(kept)").await, ["warm"]);

    let upload = api.request_upload(&sandbox, "large 50%.bin", LARGE).await;
    assert_eq!(put(&upload, bytes.clone()).await, 200);
    let completed = api.complete_upload(&sandbox, &upload).await;
    assert_eq!(completed.body, json!({ "filename": "large 50%.bin", "size_bytes": LARGE }), "{}", deployment.log());
    let read = "import os\nprint(kept, os.path.getsize('large 50%.bin'), open('large 50%.bin', 'rb').read(4).hex())";
    let first: String = bytes[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(api.output(&sandbox, read).await, [format!("warm {LARGE} {first}")]);

    let mut download = event("GET", &format!("/v2/sandcastles/{sandbox}/files/large%2050%25.bin"), None);
    download["resource"] = json!("/v2/sandcastles/{id}/files/{path+}");
    // The function streams it, but the emulator refuses answers longer than those that are not streamed may be.
    let refused = deployment.execute.invoke_raw(&download).await;
    assert!(refused.starts_with(b"{\"errorType\":\"Function.ResponseSizeTooLarge\""), "{} bytes", refused.len());
    let function = kernel_processes(deployment.execute.pid());
    let names = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    let [function] = <[i32; 1]>::try_from(function).unwrap();
    assert_eq!(names(&function).trim(), "bootstrap");
    let peak = peak_memory(function.unsigned_abs());
    println!("{LARGE} bytes directly to the bucket, the function: its peak memory is {peak}");
    assert!(peak < MAX_MEMORY, "{peak}");
    assert_eq!(api.call("DELETE", &format!("/v2/sandcastles/{sandbox}"), None).await.status, 200);
    assert_eq!(deployment.iam_s3().take_denials(), [""; 0], "{}", deployment.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_upload_takes_a_file_of_the_requested_length_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let api = server.api();
    let (sandbox, other) = (api.start().await, api.start().await);
    let upload = api.request_upload(&sandbox, "a.bin", 1000).await;
    for length in [0, 999, 1001, 100_000] {
        assert_eq!(put(&upload, random_bytes(length)).await, 403, "{length} bytes");
    }
    let chunked = raw(
        upload["url"].as_str().unwrap(),
        "PUT",
        "transfer-encoding: chunked\r\n",
        b"3e8\r\n".iter().copied().chain(random_bytes(1000)).chain(*b"\r\n0\r\n\r\n").collect(),
    );
    assert!((400..500).contains(&chunked), "without a length: {chunked}");
    let other_key = upload["url"].as_str().unwrap().replace("/staging/", "/files/");
    assert_eq!(
        put(&json!({ "url": other_key, "method": "PUT", "headers": upload["headers"] }), random_bytes(1000)).await,
        403
    );
    assert_eq!(api.complete_upload(&sandbox, &upload).await.status, 404, "nothing is uploaded yet");

    assert_eq!(put(&upload, vec![1; 1000]).await, 200);
    assert_eq!(api.complete_upload(&other, &upload).await.status, 404, "the upload belongs to another sandbox");
    assert_eq!(api.complete_upload(&sandbox, &upload).await.status, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![1; 1000]);
    // A further PUT does not change the working file until it is completed too.
    assert_eq!(put(&upload, vec![2; 1000]).await, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![1; 1000]);
    assert_eq!(api.complete_upload(&sandbox, &upload).await.status, 200);
    assert_eq!(api.download(&sandbox, "a.bin").await, vec![2; 1000]);
    let empty = api.request_upload(&sandbox, "empty", 0).await;
    assert_eq!(put(&empty, Vec::new()).await, 200);
    assert_eq!(api.complete_upload(&sandbox, &empty).await.status, 200);
    assert_eq!(api.download(&sandbox, "empty").await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_kernel_and_every_later_one_see_uploaded_files() {
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
    let upload = api.request_upload(&sandbox, "staged.txt", 6).await;
    assert_eq!(put(&upload, b"staged".to_vec()).await, 200);
    assert_eq!(api.complete_upload(&sandbox, &upload).await.status, 200);

    let look = "import os\nfor name in sorted(os.listdir()): print(name, '=', open(name).read())";
    let expected = [format!("{0} = {0}", names[0]), format!("{0} = {0}", names[1]), "staged.txt = staged".to_owned()];
    assert_eq!(api.output(&sandbox, &format!("{look}\nprint(kept)")).await, [&expected[..], &["41".into()]].concat());
    assert_eq!(kernels(server.pid()), warm, "the warm kernel was replaced");
    for kernel in warm {
        let _ = kill_process(Pid::from_raw(kernel).unwrap(), Signal::KILL);
    }
    // The next call may be the first to notice its death.
    api.execute(&sandbox, "1").await;
    assert_eq!(api.output(&sandbox, look).await, expected, "after the kernel's death");
    server.kill();
    let server = Server::start(&data, &[("RUST_LOG", "info")]);
    assert_eq!(server.api().output(&sandbox, look).await, expected, "after the server's death");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_leaves_no_file() {
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
    socket.write_all(&random_bytes(4 << 20)).unwrap();
    wait_until("the upload has no temporary file", || open_deleted_files(server.pid()) == 1).await;
    drop(socket);
    wait_until("a temporary file is left", || open_deleted_files(server.pid()) == 0).await;
    let listed = api.call("GET", &format!("/v2/sandcastles/{sandbox}/files"), None).await;
    assert_eq!(listed.body, json!({ "files": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_not_allowed_is_refused_before_the_file_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let url = format!("{}/v2/sandcastles/00000000-0000-4000-8000-000000000000/files", server.url);
    let form = "content-length: 500000000\r\ncontent-type: multipart/form-data; boundary=x\r\n";
    let status = raw(&url, "POST", &format!("authorization: Bearer {KEY}\r\n{form}"), random_bytes(1 << 20));
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leaves_the_working_folder() {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_a_backslash_that_code_has_made_is_a_file_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let api = server.api();
    let sandbox = api.start().await;
    api.output(&sandbox, "import os\nos.mkdir('d\\\\e')\nprint(open('d\\\\e/a\\\\b.txt', 'w').write('x'))").await;
    let listed = api.call("GET", &format!("/v2/sandcastles/{sandbox}/files?path=d%5Ce"), None).await;
    assert_eq!(listed.body["files"][0]["name"], "a\\b.txt");
    assert_eq!(api.download(&sandbox, "d%5Ce/a%5Cb.txt").await, b"x");
    let path = format!("/v2/sandcastles/{sandbox}/files/d%5Ce/a%5Cb.txt");
    assert_eq!(api.call("DELETE", &path, None).await.status, 200);
    assert_eq!(api.call("DELETE", &path, None).await.status, 404);
}

/// Bytes that are read in pieces, as from a file.
struct InPieces(Bytes);

impl Body for InPieces {
    fn size(&self) -> u64 {
        self.0.size()
    }

    fn piece(&self, at: u64, most: usize) -> std::io::Result<Bytes> {
        self.0.piece(at, most)
    }
}

#[tokio::test]
async fn a_failed_write_is_retried_from_the_beginning() {
    let (folder, plan) = (tempfile::tempdir().unwrap(), Plan::default());
    let layer = |bucket| Faulty::new(bucket, plan.clone());
    let s3 = EmbeddedS3::start_with(folder.path(), (Ipv4Addr::LOCALHOST, 0).into(), layer).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    let bytes = Bytes::from(random_bytes(3_000_000));
    let source = Arc::new(InPieces(bytes.clone())) as Arc<dyn Body>;
    plan.add(Op::Put, "files/a", Fault::Fail, 2);
    assert_eq!(store.put_new_from("files/a", &source).await.unwrap(), PutNew::Created);
    assert!(store.get("files/a").await.unwrap().unwrap() == bytes, "the bytes differ");
    plan.add(Op::Put, "files/b", Fault::ApplyAndFail, 1);
    assert_eq!(store.put_new_from("files/b", &source).await.unwrap(), PutNew::Exists);
    assert!(store.get("files/b").await.unwrap().unwrap() == bytes, "the bytes differ");
}

/// Sends a request exactly as given, because a client would correct it; the status.
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
