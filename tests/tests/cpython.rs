//! CPython's own tests of processes, threads, signals, files and sockets, run in sandboxes. The list of what differs there, with
//! the reasons, is `tests/cpython/differences.toml`.

use std::process::Command;

use sandcastle_e2e::{
    isolation::can_run,
    paths,
    server::{KEY, Server},
};

/// More than a run may take; the longest takes 40 seconds on an idle machine.
const TIMEOUT: (&str, &str) = ("SANDCASTLE_TIMEOUT_S", "300");

/// Whether the embedded Python has its own tests; installs them where it can.
fn has_tests() -> bool {
    let script = paths::root().join("tests/cpython/testsuite.sh");
    let out = Command::new("sh").arg(script).arg(paths::python()).output().unwrap();
    can_run(out.status.success(), &String::from_utf8_lossy(&out.stderr))
}

#[test]
fn pythons_own_tests_have_the_listed_outcomes_in_a_sandbox() {
    if !has_tests() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[TIMEOUT]);
    let mut run = Command::new(paths::tool("python"));
    run.arg("-B").arg(paths::root().join("tests/cpython/run.py"));
    let out = run.args(["--base-url", &server.url, "--api-key", KEY]).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{text}{errors}");
    println!("{text}");
}

#[test]
fn outcomes_that_are_not_as_listed_are_told() {
    let mut tests = Command::new(paths::tool("python"));
    tests.args(["-B", "-m", "unittest", "test_run.py"]).current_dir(paths::root().join("tests/cpython"));
    let out = tests.output().unwrap();
    let text = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("\nRan ") && !text.contains("Ran 0 tests"), "{text}");
}
