//! The SAM template: who may do what, the bucket, the code's network, the API. Python reads YAML; see `tests/template`.

use std::process::Command;

use sandcastle_e2e::here;

/// Runs the Python tests of one file, and demands that there were some.
fn holds(file: &str) {
    let folder = here::root().join("tests/template");
    let mut python = Command::new(here::tool("python"));
    let out = python.args(["-B", "-m", "unittest", file]).current_dir(folder).output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("\nRan ") && !text.contains("Ran 0 tests"), "{text}");
}

#[test]
fn roles_may_do_what_is_listed_and_nothing_else() {
    holds("roles.py");
}

#[test]
fn the_bucket_is_private_and_its_ledger_written_once() {
    holds("bucket.py");
}

#[test]
fn code_runs_isolated_and_without_a_way_out() {
    holds("functions.py");
}

#[test]
fn events_run_within_bounds_and_nobody_gets_more_than_the_deployment_asks_for() {
    holds("events.py");
}

#[test]
fn the_api_is_the_contract() {
    holds("contract.py");
}
