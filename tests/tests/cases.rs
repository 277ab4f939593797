//! Runs the behaviour cases of `tests/cases` against a server.

use sandcastle_e2e::{cases, server::Server};

/// Defects that `standard` shows. Each of these cases must fail: whoever repairs one takes its line away.
const DEFECTS: &[(&str, &str)] = &[
    ("standard/python_with_options", "python as a program takes no -X dev and no -X utf8=0"),
    ("standard/python_in_an_environment_of_its_own", "python as a program needs a variable to find them"),
    ("standard/the_name_of_the_user", "the user of the code has no name"),
];

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

#[test]
fn the_standard_library() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("SANDCASTLE_TIMEOUT_S", "60")]);
    cases::run(&server.url, &["standard"], DEFECTS, || server.log());
}
