//! The behaviour cases of `tests/cases`, played by their own runner against a server.

use sandcastle_e2e::{cases, server::Server};

fn play(categories: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("SANDCASTLE_TIMEOUT_S", "10")]);
    cases::play(&server.url, categories, &[], || server.log());
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
