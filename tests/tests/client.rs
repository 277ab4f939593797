//! The official client, unmodified, against a server.

use std::process::Command;

use sandcastle_e2e::{
    here,
    server::{KEY, Server},
};

/// Runs a script of the client's against a server of its own.
fn answers_all_of(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let script = here::root().join("tests/clients").join(script);
    let out = Command::new(here::tool("python")).arg(script).args([&server.url, KEY]).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && text.ends_with("all calls answered\n"), "{text}{errors}\n{}", server.log());
}

#[test]
fn the_official_client_goes_through_a_sandboxs_life() {
    answers_all_of("textql_life.py");
}

#[test]
fn the_official_client_moves_files_of_any_name() {
    answers_all_of("textql_files.py");
}

#[test]
fn the_official_client_runs_commands() {
    answers_all_of("textql_exec.py");
}
