//! The SAM template, and what `make deploy` runs before and after it. The tests are in Python, which reads YAML: see
//! `tests/template`.

use std::process::Command;

use sandcastle_e2e::paths;

/// Runs the Python tests of one file. All must pass, and there must be at least one.
fn passes(file: &str) {
    let folder = paths::root().join("tests/template");
    let mut python = Command::new(paths::tool("python"));
    let out = python.args(["-B", "-m", "unittest", file]).current_dir(folder).output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("\nRan ") && !text.contains("Ran 0 tests"), "{text}");
}

#[test]
fn roles_allow_the_listed_actions_and_nothing_else() {
    passes("roles.py");
}

#[test]
fn the_bucket_is_private_and_ledger_entries_are_written_once() {
    passes("bucket.py");
}

#[test]
fn code_runs_isolated_and_without_internet_access() {
    passes("functions.py");
}

#[test]
fn event_sources_are_limited_and_permissions_follow_the_parameters() {
    passes("events.py");
}

#[test]
fn the_api_matches_the_published_contract() {
    passes("contract.py");
}

#[test]
fn what_sam_makes_of_the_template_can_be_deployed() {
    passes("translated.py");
}

#[test]
fn an_account_that_cannot_take_the_stack_is_told_what_to_set() {
    passes("accounts.py");
}

#[test]
fn the_end_of_a_deployment_is_told_as_it_was() {
    passes("outcomes.py");
}

#[test]
fn all_parameters_arrive_as_samconfig_has_them() {
    passes("deployment.py");
}

#[test]
fn commands_on_keys_get_the_bucket_and_the_credentials_of_a_deployment() {
    passes("keys.py");
}

#[test]
fn the_function_from_an_image_is_the_one_from_the_layer() {
    passes("image.py");
}
