//! `sandcastle keys` as users run it, on a data folder with and without a server.
#![cfg(test)]

mod rotate;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Command, Output},
};

use sandcastle::{KeyRecord, Scope, Secret, layout, store::ObjectStore};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;

fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandcastle"));
    command.env_clear().env("SANDCASTLE_DATA_DIR", data).arg("keys").args(arguments).output().unwrap()
}

fn printed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?} is refused");
    String::from_utf8(output.stderr).unwrap()
}

fn create(data: &Path, name: &str) -> Secret {
    let key = printed(data, &["create", "--org", "acme", "--member", "ann", "--name", name]);
    Secret::new(key.trim_end().to_owned())
}

async fn serve(data: &Path) -> (EmbeddedS3, S3Store) {
    let s3 = EmbeddedS3::start(data, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    (s3, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_listed_and_revoked() {
    let data = tempfile::tempdir().unwrap();
    let limited = ["create", "--org", "acme", "--member", "bob", "--name", "the ci", "--scope", "sandbox:read"];
    let limited = printed(data.path(), &[&limited[..], &["--expires-in-days", "7", "--sandbox-limit", "3"]].concat());
    let limited = Secret::new(limited.trim_end().to_owned());
    let full = create(data.path(), "ann's laptop");

    let table = printed(data.path(), &["list"]);
    let line = |secret: &Secret| table.lines().find(|line| line.starts_with(&secret.digest()[..12])).unwrap();
    assert!(line(&full).contains("sandbox:read,sandbox:write,sandbox:execute") && line(&full).contains("never"));
    assert!(line(&full).contains("  any  ") && line(&limited).contains("  3  "), "{table}");
    assert!(line(&limited).ends_with("the ci") && line(&limited).contains("  sandbox:read  "), "{table}");
    assert!(!table.contains(full.expose()) && !table.contains(limited.expose()));

    let (s3, store) = serve(data.path()).await;
    let stored = store.get(&layout::api_key(&limited.digest())).await.unwrap().unwrap();
    let record: KeyRecord = serde_json::from_slice(&stored).unwrap();
    assert_eq!((record.org.as_str(), record.member.as_str(), &*record.scopes), ("acme", "bob", &[Scope::Read][..]));
    assert_eq!(record.sandbox_limit, Some(3));
    assert_eq!((record.expires_at.unwrap() - record.created_at).whole_days(), 7);
    s3.shutdown().await.unwrap();

    printed(data.path(), &["revoke", &full.digest()[..12]]);
    let table = printed(data.path(), &["list"]);
    assert!(!table.contains(&full.digest()[..12]) && table.contains(&limited.digest()[..12]), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_while_a_server_has_the_folder() {
    let data = tempfile::tempdir().unwrap();
    let (s3, store) = serve(data.path()).await;
    let key = create(data.path(), "made meanwhile");
    assert!(store.get(&layout::api_key(&key.digest())).await.unwrap().is_some());
    assert!(printed(data.path(), &["list"]).contains("made meanwhile"));
    s3.shutdown().await.unwrap();
    assert!(printed(data.path(), &["list"]).contains("made meanwhile"), "and they are kept");
}

#[test]
fn what_is_no_key_or_no_name_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let key = create(data.path(), "one");
    let message = refused(data.path(), &["revoke", key.expose()]);
    assert!(message.contains("never pass the key itself") && !message.contains(key.expose()), "{message}");
    assert!(refused(data.path(), &["revoke", "0123"]).contains("8 to 64 hex digits"));
    assert!(refused(data.path(), &["revoke", "ffffffffffffffff0000"]).contains("no key"));
    let named = |org, name| refused(data.path(), &["create", "--org", org, "--member", "ann", "--name", name]);
    assert!(named("a-b", "x").contains("malformed name"));
    assert!(named("../a", "x").contains("malformed name"));
    assert!(named("acme", "a\u{1b}[2Jb").contains("control characters"));
    assert!(named("acme", "").contains("1 to 100"));
    let scope = ["create", "--org", "a", "--member", "b", "--name", "c", "--scope", "sandbox:all"];
    assert!(refused(data.path(), &scope).contains("sandbox:execute"), "the known scopes are named");
    let days = ["create", "--org", "a", "--member", "b", "--name", "c", "--expires-in-days", "0"];
    assert!(refused(data.path(), &days).contains("--expires-in-days must be 1 to 36500"));
    let limit = ["create", "--org", "a", "--member", "b", "--name", "c", "--sandbox-limit", "0"];
    assert!(refused(data.path(), &limit).contains("--sandbox-limit"));
    assert_eq!(printed(data.path(), &["list"]).lines().count(), 2, "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_somebody_else_wrote_cannot_garble_the_table() {
    let data = tempfile::tempdir().unwrap();
    let (s3, store) = serve(data.path()).await;
    let record = r#"{"org":"a","member":"b","scopes":[],"name":"x\u001b[2J\ny","created_at":"2026-01-01T00:00:00Z"}"#;
    store.put(&layout::api_key(&"1".repeat(64)), record.into()).await.unwrap();
    store.put(&layout::api_key(&"2".repeat(64)), "{}".into()).await.unwrap();
    let table = printed(data.path(), &["list"]);
    assert!(!table.contains('\u{1b}') && table.lines().count() == 3 && table.contains("not a key record"), "{table}");
    s3.shutdown().await.unwrap();
}

#[test]
fn secrets_are_files_of_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    create(data.path(), "one");
    let mode = |name: &str| data.path().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("s3-credentials.json"), 0o600);
    assert_eq!(mode("s3"), 0o700);
}
