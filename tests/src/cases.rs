//! Runs the behaviour cases of `tests/cases` with their runner.

use std::process::Command;

use crate::{paths, server::KEY};

/// The categories that restart the server.
pub const DURABLE: &[&str] = &["state", "durability", "limits"];
/// The categories that every deployment must pass. The others attack or restart the server.
pub const CONTRACT: &[&str] = &["output", "errors", "files", "plots", "dataframes", "http", "state"];

/// How many lines of the log are shown with a failure.
const LOG_LINES: usize = 30;

/// Runs the cases of these categories. Every case must pass except the excused ones (`category/name` and the reason), and
/// every excused case must fail: an excuse that is no longer needed must go.
pub fn run(url: &str, categories: &[&str], excused: &[(&str, &str)], log: impl Fn() -> String) {
    run_with(url, &[], categories, excused, log);
}

/// Runs the cases that kill the server, and start it again with this command of a shell, at a port of its own.
pub fn run_with_kills(url: &str, command: &str, categories: &[&str], excused: &[(&str, &str)]) {
    run_with(url, &["--danger", "--server-cmd", command], categories, excused, String::new);
}

fn run_with(url: &str, options: &[&str], categories: &[&str], excused: &[(&str, &str)], log: impl Fn() -> String) {
    let cases = paths::root().join("tests/cases");
    let out = Command::new(paths::tool("python"))
        .arg(cases.join("run.py"))
        .args(["--base-url", url, "--api-key", KEY])
        .args(options)
        .args(categories.iter().map(|category| cases.join(category).with_extension("json")))
        .output()
        .unwrap();
    // Only the end: the whole log would hide the failure.
    let log_end = || {
        let log = log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    };
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let totals = text.lines().last().unwrap_or_default();
    println!("{}: {totals}", categories.join(", "));
    assert!(totals.contains(" passed"), "{text}\n{errors}\n{}", log_end());
    let failures: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("FAIL ")).collect();
    let is_of = |failure: &str, case: &str| failure.starts_with(&format!("{case}: "));
    let unexcused: Vec<_> =
        failures.iter().filter(|failure| !excused.iter().any(|(case, _)| is_of(failure, case))).copied().collect();
    assert!(unexcused.is_empty(), "{}\n{errors}\n{}", unexcused.join("\n"), log_end());
    let selected = |case: &str| categories.iter().any(|category| case.starts_with(&format!("{category}/")));
    for (case, why) in excused.iter().filter(|(case, _)| selected(case)) {
        assert!(failures.iter().any(|failure| is_of(failure, case)), "{case} passes, but is excused because {why}");
    }
}
