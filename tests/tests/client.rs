//! The official TextQL client, unmodified, against a server.

use std::process::Command;

use sandcastle_e2e::{
    paths,
    server::{KEY, Server},
};

/// Runs a script of `tests/clients` against a new server.
fn passes(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let script = paths::root().join("tests/clients").join(script);
    let out = Command::new(paths::tool("python")).arg(script).args([&server.url, KEY]).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.ends_with("all calls answered\n"), "{text}{errors}\n{}", server.log());
}

#[test]
fn the_official_client_can_make_every_call() {
    passes("textql_life.py");
}

#[test]
fn the_official_client_moves_files_with_any_name() {
    passes("textql_files.py");
}

#[test]
fn the_official_client_runs_commands() {
    passes("textql_exec.py");
}
