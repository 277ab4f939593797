//! Runs the behaviour cases of `tests/cases` against a server.

use sandcastle_e2e::{cases, server::Server};

fn run(categories: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("SANDCASTLE_TIMEOUT_S", "10")]);
    cases::run(&server.url, categories, &[], || server.log());
}

#[test]
fn output_and_errors() {
    run(&["output", "errors"]);
}

#[test]
fn state() {
    run(&["state"]);
}

#[test]
fn files() {
    run(&["files"]);
}

#[test]
fn plots_and_dataframes() {
    run(&["plots", "dataframes"]);
}

#[test]
fn http() {
    run(&["http"]);
}

#[test]
fn packages() {
    let folder = tempfile::tempdir().unwrap();
    // Some packages take seconds to import when the machine is busy and has not read them yet.
    let server = Server::start(&folder.path().join("data"), &[("SANDCASTLE_TIMEOUT_S", "60")]);
    cases::run(&server.url, &["packages"], &[], || server.log());
}
