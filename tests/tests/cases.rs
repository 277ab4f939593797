//! The behaviour cases of `tests/cases`, played by their own runner against a server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::process::Command;

use sandcastle_e2e::{
    here,
    server::{KEY, Server},
};

/// Cases of calls that are not built yet.
const LATER: &[&str] = &["exec_shell"];

/// Plays the cases of these files; every one has to pass, but those that need a restart of the server.
fn play(files: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("SANDCASTLE_TIMEOUT_S", "10")]);
    let cases = here::root().join("tests/cases");
    let out = Command::new(here::tool("python"))
        .arg(cases.join("run.py"))
        .args(["--base-url", &server.url, "--api-key", KEY])
        .args(files.iter().map(|file| cases.join(file).with_extension("json")))
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let totals = text.lines().last().unwrap_or_default();
    println!("{}: {totals}", files.join(", "));
    let failures = text.lines().filter(|line| line.starts_with("FAIL"));
    let failures: Vec<_> = failures.filter(|line| !LATER.iter().any(|later| line.contains(later))).collect();
    assert!(failures.is_empty() && totals.contains(" passed"), "{}\n{errors}\n{}", failures.join("\n"), server.log());
}

#[test]
fn output_and_errors() {
    play(&["output", "errors"]);
}

#[test]
fn state() {
    play(&["state"]);
}

#[test]
fn files() {
    play(&["files"]);
}

#[test]
fn plots_and_dataframes() {
    play(&["plots", "dataframes"]);
}

#[test]
fn http() {
    play(&["http"]);
}
