//! Holds the response of an interpreter, which may be hostile, against the budgets that an honest host keeps: sizes, counts, and
//! what belongs together. What forms its paths and names have was checked as it was read, by their types. What passes may still
//! be a lie about the sandbox's own state; it cannot be one about anything else.

use sandcastle::{
    interpreter::{Job, Outcome, Work},
    limits::{
        self, MAX_ENV_BYTES, MAX_ERROR_BYTES, MAX_FRAMES, MAX_LISTED_LOST, MAX_LOST, MAX_LOST_BYTES,
        MAX_TRACEBACK_BYTES, OutputBudget,
    },
    manifest::{Manifest, Node},
    report::Report,
};
use time::OffsetDateTime;

use crate::check_variables::{self, MAX_REASON_BYTES, SKEW};

/// The name of what was left out may itself be why.
const MAX_SKIPPED_NAME_BYTES: usize = 16 * 1024;
/// The longest that a function of Lambda runs, in milliseconds.
const MAX_DURATION_MS: u64 = 900_000;
/// The most that is logged of a text, in bytes.
const MAX_LOGGED: usize = 1024;

/// What is wrong with a response.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response has {0}")]
pub(crate) struct Untrue(&'static str);

/// The outcome, when everything in it is within what an honest host answers.
pub(crate) fn checked(mut outcome: Outcome, job: &Job) -> Result<Outcome, Untrue> {
    require(outcome.parent == job.head.position, "another parent than the job's head")?;
    manifest(&outcome.manifest, OffsetDateTime::now_utc())?;
    report(&outcome.report, &outcome.manifest)?;
    let of_command = outcome.report.process.is_some();
    require(of_command == matches!(job.work, Work::Command(_)), "a report of another kind of work")?;
    outcome.manifest.calls = job.calls_after();
    Ok(outcome)
}

/// As much of a text as is logged, on one line.
pub(crate) fn for_log(text: &str) -> String {
    limits::prefix(text, MAX_LOGGED).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn require(holds: bool, otherwise: &'static str) -> Result<(), Untrue> {
    if holds { Ok(()) } else { Err(Untrue(otherwise)) }
}

fn manifest(manifest: &Manifest, now: OffsetDateTime) -> Result<(), Untrue> {
    require(manifest.files.len() <= limits::MAX_NODES, "too many files")?;
    let path_bytes: usize = manifest.files.keys().map(|path| path.as_str().len()).sum();
    require(path_bytes <= limits::MAX_PATHS_BYTES, "too long paths")?;
    for node in manifest.files.values() {
        if let Node::File(file) = node {
            require(file.stored_at <= now + SKEW, "a file stored in the future")?;
            require(file.size <= limits::MAX_FILE_BYTES, "a file that is too large")?;
        }
    }
    check_variables::checked(manifest, now).map_err(Untrue)?;
    let lost_bytes: usize = manifest.lost.iter().map(|(name, why)| name.as_str().len() + why.len()).sum();
    require(manifest.lost.len() <= MAX_LOST && lost_bytes <= MAX_LOST_BYTES, "too many lost names")?;
    require(manifest.lost.values().all(|why| why.len() <= MAX_REASON_BYTES), "a reason that is too long")?;
    let value_bytes = |value: &Option<sandcastle::EnvValue>| value.as_ref().map_or(0, |value| value.as_str().len());
    let env_bytes: usize = manifest.env.iter().map(|(name, value)| name.as_str().len() + value_bytes(value)).sum();
    require(env_bytes <= MAX_ENV_BYTES, "too much environment")?;
    require(manifest.dataframes.len() <= MAX_FRAMES, "too many data frames")
}

fn report(report: &Report, manifest: &Manifest) -> Result<(), Untrue> {
    output(report)?;
    if let Some(failure) = &report.failure {
        require(failure.error.len() <= MAX_ERROR_BYTES, "an error that is too long")?;
        let traceback: usize = failure.traceback.iter().map(|line| line.len() + 1).sum();
        require(traceback <= MAX_TRACEBACK_BYTES, "a traceback that is too long")?;
    }
    require(report.duration_ms <= MAX_DURATION_MS, "a duration that is too long")?;
    files(report, manifest)?;
    require(report.dataframes.len() <= MAX_FRAMES, "too many data frames")?;
    let Some(note) = &report.state else { return Ok(()) };
    require(note.reason.len() <= MAX_REASON_BYTES && note.lost.len() <= MAX_LISTED_LOST, "a note that is too long")?;
    require(note.lost.iter().all(|lost| lost.reason.len() <= MAX_REASON_BYTES), "a reason that is too long")
}

fn output(report: &Report) -> Result<(), Untrue> {
    let mut budget = OutputBudget::default();
    // The text that ends output which was cut is beyond the budget.
    let counted = report.output.split_last().filter(|(last, _)| *last == limits::TRUNCATED);
    let counted = counted.map_or(report.output.as_slice(), |(_, before)| before);
    let mut fits = |text: &str| budget.take(text.to_owned()).is_some_and(|kept| kept.len() == text.len());
    require(counted.iter().all(|element| fits(element)), "too much output")?;
    let Some(process) = &report.process else { return Ok(()) };
    let mut streams = [&process.stderr, &process.stdout].into_iter();
    let within = streams.all(|text| fits(text.strip_suffix(limits::TRUNCATED).unwrap_or(text)));
    require(within, "too much output of a command")
}

fn files(report: &Report, manifest: &Manifest) -> Result<(), Untrue> {
    require(report.files.len() <= limits::MAX_FILES, "too many generated files")?;
    let mut bytes = 0u64;
    for file in &report.files {
        let kept = matches!(manifest.files.get(&file.name),
            Some(Node::File(kept)) if kept.hash == file.hash && kept.size == file.size);
        require(kept, "a generated file that is not in the folder")?;
        bytes = bytes.saturating_add(file.size);
    }
    require(bytes <= limits::MAX_FILE_BYTES, "generated files that are too large")?;
    // One more tells how many more there are.
    require(report.files_skipped.len() <= limits::MAX_SKIPPED + 1, "too many left-out files")?;
    let fits = |name: &str, reason: &str| name.len() <= MAX_SKIPPED_NAME_BYTES && reason.len() <= MAX_REASON_BYTES;
    require(report.files_skipped.iter().all(|it| fits(&it.name, &it.reason)), "a left-out file with too long a text")
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
