//! A server that is killed while it writes: acknowledged objects are complete, and others leave nothing behind.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use sandcastle::store::ObjectStore;
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;

const LARGE: usize = 24 * 1024 * 1024;

/// The process that is killed: this test program again, with the data folder to serve on its standard input.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the other test, as a process of its own"]
async fn serve_the_folder_named_on_stdin() {
    let mut folder = String::new();
    std::io::stdin().read_line(&mut folder).unwrap();
    let any_port = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    let _s3 = EmbeddedS3::start(folder.trim_end().as_ref(), any_port).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_whole_or_absent_after_a_kill() {
    let data = tempfile::tempdir().unwrap();
    for round in 0..5_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "serve_the_folder_named_on_stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{}\n", data.path().display()).as_bytes())
            .unwrap();
        // An earlier server's endpoint file is still there, so a request tells whether this one listens.
        let store = loop {
            if let Ok(Some(config)) = EmbeddedS3::of_running_server(data.path()) {
                let store = S3Store::connect(config).await;
                if store.get("a/b").await.is_ok() {
                    break store;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let writer = tokio::spawn(async move {
            let mut answered = Vec::new();
            for number in 0.. {
                let key = format!("files/{round}/{number}");
                if store.put_new(&key, Bytes::from(vec![1; LARGE])).await.is_err() {
                    break;
                }
                answered.push(key);
            }
            answered
        });
        tokio::time::sleep(Duration::from_millis(150 + 37 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let answered = writer.await.unwrap();

        let any_port = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let s3 = EmbeddedS3::start(data.path(), any_port).await.unwrap();
        let store = S3Store::connect(s3.store_config()).await;
        let there = store.list(&format!("files/{round}/"), None, 1000).await.unwrap();
        assert!(answered.iter().all(|key| there.contains(key)), "what was answered is there");
        for key in &there {
            assert_eq!(store.get(key).await.unwrap().unwrap().len(), LARGE, "{key} is whole");
        }
        let partial = std::fs::read_dir(data.path().join("s3/sandcastle.partial")).unwrap().count();
        assert_eq!(partial, 0, "what was being written takes no room");
        store.delete(&there).await.unwrap();
        s3.shutdown().await.unwrap();
    }
}
