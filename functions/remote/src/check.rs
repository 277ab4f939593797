//! Checks what an interpreter answers, as a hostile one may: sizes, counts, paths, names. What passes may still be a lie
//! about the sandbox's own state; it cannot be one about anything else.

use sandcastle::{
    interpreter::{Job, Ran, Work},
    limits::{
        self, MAX_CWD_BYTES, MAX_ENV_BYTES, MAX_ERROR_BYTES, MAX_FRAMES, MAX_LISTED_LOST, MAX_LOST, MAX_LOST_BYTES,
        MAX_NAME_BYTES, MAX_NAMES, MAX_TRACEBACK_BYTES, OutputBudget,
    },
    manifest::{Manifest, Node},
    report::Report,
};
use time::{Duration, OffsetDateTime};

const MAX_CHUNKS: usize = 100_000;
const MAX_REASON_BYTES: usize = 1024;
const MAX_RUNTIME_BYTES: usize = 64;
const MAX_MIME_BYTES: usize = 128;
/// The name of what was left out may itself be why.
const MAX_SKIPPED_NAME_BYTES: usize = 16 * 1024;
/// The longest that a function of Lambda runs, in milliseconds.
const MAX_DURATION_MS: u64 = 900_000;
/// Clocks may differ by so much.
const SKEW: Duration = Duration::minutes(5);
/// What is logged of a text at most, in bytes.
const MAX_LOGGED: usize = 1024;

/// The run, when everything in it is within what an honest host answers.
pub(crate) fn checked(mut ran: Ran, job: &Job) -> Result<Ran, &'static str> {
    demand(ran.base == job.head.position, "a run on another entry than the one that was given")?;
    manifest(&ran.manifest, OffsetDateTime::now_utc())?;
    report(&ran.report, &ran.manifest)?;
    demand(ran.report.process.is_some() == matches!(job.work, Work::Command(_)), "an answer to another kind of work")?;
    ran.manifest.calls = job.calls_after();
    Ok(ran)
}

/// As much of a text as is logged, on one line.
pub(crate) fn for_log(text: &str) -> String {
    limits::prefix(text, MAX_LOGGED).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn demand(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(otherwise) }
}

fn manifest(manifest: &Manifest, now: OffsetDateTime) -> Result<(), &'static str> {
    demand(manifest.files.len() <= limits::MAX_NODES, "too many files")?;
    for (path, node) in manifest.files.iter() {
        demand(is_path(path), "a path that is none")?;
        let mode = match node {
            Node::Folder { mode } => *mode,
            Node::File(file) => {
                demand(file.stored_at <= now + SKEW, "a file stored in the future")?;
                demand(file.size <= limits::MAX_FILE_BYTES, "a file that is too large")?;
                file.mode
            }
        };
        demand(mode <= 0o777, "a mode that is none")?;
    }
    demand(manifest.variables.len() <= MAX_NAMES, "too many variables")?;
    demand(manifest.variables.keys().all(|name| is_name(name)), "a variable's name that is none")?;
    let chunks: usize = manifest.variables.values().map(|variable| variable.chunks.len()).sum();
    demand(chunks <= MAX_CHUNKS, "too many chunks")?;
    let lost_bytes: usize = manifest.lost.iter().map(|(name, why)| name.len() + why.len()).sum();
    demand(manifest.lost.len() <= MAX_LOST && lost_bytes <= MAX_LOST_BYTES, "too many lost names")?;
    let mut lost = manifest.lost.iter();
    demand(lost.all(|(name, why)| is_name(name) && why.len() <= MAX_REASON_BYTES), "a lost name that is none")?;
    demand(manifest.cwd.len() <= MAX_CWD_BYTES && !manifest.cwd.contains('\0'), "a working directory that is none")?;
    environment(manifest)?;
    demand(manifest.dataframes.len() <= MAX_FRAMES, "too many data frames")?;
    demand(manifest.dataframes.iter().all(|frame| is_name(&frame.name)), "a data frame's name that is none")?;
    let version = |byte: u8| byte.is_ascii_graphic();
    let runtime = &manifest.runtime;
    demand(runtime.len() <= MAX_RUNTIME_BYTES && runtime.bytes().all(version), "a runtime that is none")
}

fn environment(manifest: &Manifest) -> Result<(), &'static str> {
    let mut bytes = 0;
    for (name, value) in &manifest.env {
        let value = value.as_deref().unwrap_or_default();
        bytes += name.len() + value.len();
        let sound = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        demand(sound, "an environment variable that is none")?;
    }
    demand(bytes <= MAX_ENV_BYTES, "too much environment")
}

fn report(report: &Report, manifest: &Manifest) -> Result<(), &'static str> {
    let mut budget = OutputBudget::default();
    // The text that ends output which was cut stands beyond the budget.
    let counted = report.output.split_last().filter(|(last, _)| *last == limits::TRUNCATED);
    let counted = counted.map_or(report.output.as_slice(), |(_, before)| before);
    let fits =
        counted.iter().all(|element| budget.take(element.clone()).is_some_and(|kept| kept.len() == element.len()));
    demand(fits, "too much output")?;
    if let Some(process) = &report.process {
        let fits = [&process.stderr, &process.stdout].into_iter().all(|text| {
            let text = text.strip_suffix(limits::TRUNCATED).unwrap_or(text);
            budget.take(text.to_owned()).is_some_and(|kept| kept.len() == text.len())
        });
        demand(fits, "too much output of a command")?;
    }
    if let Some(failure) = &report.failure {
        demand(failure.error.len() <= MAX_ERROR_BYTES, "an error that is too long")?;
        let traceback: usize = failure.traceback.iter().map(|line| line.len() + 1).sum();
        demand(traceback <= MAX_TRACEBACK_BYTES, "a traceback that is too long")?;
    }
    demand(report.duration_ms <= MAX_DURATION_MS, "a duration that is too long")?;
    files(report, manifest)?;
    demand(report.dataframes.len() <= MAX_FRAMES, "too many data frames")?;
    demand(report.dataframes.iter().all(|frame| is_name(&frame.name)), "a data frame's name that is none")?;
    let Some(note) = &report.state else { return Ok(()) };
    demand(note.reason.len() <= MAX_REASON_BYTES && note.lost.len() <= MAX_LISTED_LOST, "a note that is too long")?;
    let mut lost = note.lost.iter();
    demand(lost.all(|lost| is_name(&lost.name) && lost.reason.len() <= MAX_REASON_BYTES), "a lost name that is none")
}

fn files(report: &Report, manifest: &Manifest) -> Result<(), &'static str> {
    demand(report.files.len() <= limits::MAX_FILES, "too many generated files")?;
    let mut bytes = 0u64;
    for file in &report.files {
        let kept = matches!(manifest.files.get(&file.name),
            Some(Node::File(kept)) if kept.hash == file.hash && kept.size == file.size);
        demand(kept, "a generated file that is not in the folder")?;
        demand(is_mime_type(&file.mime_type), "a content type that is none")?;
        bytes = bytes.saturating_add(file.size);
    }
    demand(bytes <= limits::MAX_FILE_BYTES, "generated files that are too large")?;
    // One more says how many more there are.
    demand(report.files_skipped.len() <= limits::MAX_SKIPPED + 1, "too many left-out files")?;
    let fits = |name: &str, reason: &str| name.len() <= MAX_SKIPPED_NAME_BYTES && reason.len() <= MAX_REASON_BYTES;
    demand(report.files_skipped.iter().all(|it| fits(&it.name, &it.reason)), "a left-out file that is none")
}

/// Relative, and never upwards.
fn is_path(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= 255;
    path.len() <= limits::MAX_PATH_BYTES && !path.contains('\0') && path.split('/').all(plain)
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len()) && !name.contains('\0')
}

/// `type/subtype`: it becomes a header.
fn is_mime_type(text: &str) -> bool {
    let token = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.bytes().all(plain)
    };
    text.len() <= MAX_MIME_BYTES && text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
