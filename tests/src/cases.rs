//! Plays the behaviour cases of `tests/cases` with their own runner.

use std::process::Command;

use crate::{here, server::KEY};

/// The categories that every deployment has to pass; those that attack or restart the server are not for all.
pub const CONTRACT: &[&str] = &["output", "errors", "files", "plots", "dataframes", "http", "state"];

/// Lines of the log that are shown with a failure.
const LOG_LINES: usize = 30;

/// Plays the cases of these categories. All have to pass but the excused ones (`category/name`, and why), and of those
/// each has to fail: an excuse that is no longer needed is one too many.
pub fn play(url: &str, categories: &[&str], excused: &[(&str, &str)], log: impl Fn() -> String) {
    let cases = here::root().join("tests/cases");
    let out = Command::new(here::tool("python"))
        .arg(cases.join("run.py"))
        .args(["--base-url", url, "--api-key", KEY])
        .args(categories.iter().map(|category| cases.join(category).with_extension("json")))
        .output()
        .unwrap();
    // The end of it: a log of all cases would hide what failed.
    let end = || {
        let log = log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    };
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let totals = text.lines().last().unwrap_or_default();
    println!("{}: {totals}", categories.join(", "));
    assert!(totals.contains(" passed"), "{text}\n{errors}\n{}", end());
    let failures: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("FAIL ")).collect();
    let is_of = |failure: &str, case: &str| failure.starts_with(&format!("{case}: "));
    let unexcused: Vec<_> =
        failures.iter().filter(|failure| !excused.iter().any(|(case, _)| is_of(failure, case))).copied().collect();
    assert!(unexcused.is_empty(), "{}\n{errors}\n{}", unexcused.join("\n"), end());
    let played = |case: &str| categories.iter().any(|category| case.starts_with(&format!("{category}/")));
    for (case, why) in excused.iter().filter(|(case, _)| played(case)) {
        assert!(failures.iter().any(|failure| is_of(failure, case)), "{case} passes, though {why}");
    }
}
