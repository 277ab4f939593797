//! What a job comes to: the next manifest, and what the caller is told. All that a kernel says is cut to size here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use sandcastle::{
    EnvName, EnvValue, RuntimeVersion, VariableName, WorkingDirectory,
    limits::{self, MAX_ENV_BYTES, MAX_ERROR_BYTES, MAX_FRAMES, MAX_NAMES, MAX_TRACEBACK_BYTES},
    manifest::{Dataframe, Manifest, lost_names},
    report::{Failure, FrameShape, ROLLED_BACK, Report, StateNote},
    variables::Variable,
};
use sandcastle_protocol::{Done, Ended, Frame, Variables, limits::MAX_REASON_BYTES};
use sandcastle_runtime::millis;

use super::{
    code::End,
    command::CommandEnd,
    start_state::{StartState, lost_reason},
};
use crate::{folder::Harvested, kernel::usage::Excess, text, variables::Stored};

/// How a job's work ended.
pub(crate) enum WorkEnd {
    /// Code in the kernel.
    Cell {
        /// How it ended.
        end: End,
        /// What was printed.
        output: Vec<String>,
        /// What was measured.
        measured: Measured,
    },
    /// A command beside it.
    Command {
        /// How it ended.
        command: CommandEnd,
        /// The version of Python.
        python: Arc<str>,
    },
}

/// What was measured beside the kernel's own words.
pub(crate) struct Measured {
    /// How long the code ran.
    pub(crate) took: Duration,
    /// What it was allowed.
    pub(crate) limit: Duration,
    /// Resident memory of the kernel, in bytes.
    pub(crate) memory_bytes: u64,
    /// What there was too much of, so that the kernel was killed.
    pub(crate) excess: Option<Excess>,
    /// The version of its Python.
    pub(crate) python: Arc<str>,
}

/// Why a kernel was killed at its time limit.
const RESTORING: &str = "there was no time to restore the variables that the code needs, which stay stored";
const RUNNING: &str = "it did not end after the interrupt at its time limit";

impl WorkEnd {
    /// What a kernel that lives told of its variables.
    pub(crate) fn variables(&self) -> Option<&Variables> {
        match self {
            Self::Cell { end: End::Done(done), .. } => done.variables.as_ref(),
            _ => None,
        }
    }
}

/// The state after a job, and its report.
pub(crate) fn of(start: StartState, end: WorkEnd, left: Harvested, stored: Option<Stored>) -> (Manifest, Report) {
    let report = Report { files: left.generated, files_skipped: left.skipped, ..Report::default() };
    let mut manifest = (*start.parent).clone();
    manifest.files = left.files;
    match end {
        WorkEnd::Cell { end, output, measured } => {
            of_code(start, end, measured, stored, manifest, Report { output, ..report })
        }
        WorkEnd::Command { command, python } => {
            manifest.runtime = version(&python);
            of_command(command, manifest, report)
        }
    }
}

/// The kernel has no part in it: the values are wherever they were.
fn of_command(command: CommandEnd, manifest: Manifest, mut report: Report) -> (Manifest, Report) {
    report.duration_ms = millis(command.took);
    report.process = Some(command.process);
    report.failure = command.error.map(|error| Failure { error, traceback: Vec::new() });
    (manifest, report)
}

fn of_code(
    start: StartState,
    end: End,
    measured: Measured,
    stored: Option<Stored>,
    mut manifest: Manifest,
    mut report: Report,
) -> (Manifest, Report) {
    report.duration_ms = millis(measured.took);
    manifest.calls = manifest.calls.saturating_add(1);
    manifest.runtime = version(&measured.python);
    let cause = match end {
        End::Done(done) => {
            manifest.memory_bytes = measured.memory_bytes;
            answered(start, *done, stored, &mut manifest, &mut report);
            return (manifest, report);
        }
        End::TimedOut { restoring } => {
            let error = if restoring { text::no_time_to_restore } else { text::timeout };
            Cause { error: error(measured.limit), why: if restoring { RESTORING } else { RUNNING }.to_owned() }
        }
        End::Died(Some(how)) => died(how, measured.excess),
        End::Died(None) => Cause::death("it ended with its zygote"),
        End::Broke(what) => Cause::death(what),
        End::NotRun(_) => Cause::death("its variables could not be read"),
    };
    report.failure = Some(Failure { error: cause.error, traceback: Vec::new() });
    roll_back(start, &cause.why, &mut manifest, &mut report);
    (manifest, report)
}

/// Why a kernel is gone: as the call's error, and in words.
struct Cause {
    error: String,
    why: String,
}

impl Cause {
    fn death(why: &str) -> Self {
        Self { error: format!("KernelDied('{why}')"), why: why.to_owned() }
    }
}

fn died(how: Ended, excess: Option<Excess>) -> Cause {
    match excess {
        None => Cause::death(&text::ended(how)),
        Some(excess) => Cause { error: text::excess("kernel", excess), why: text::too_much(excess).into() },
    }
}

/// The kernel is gone, and every value with it that is not stored.
fn roll_back(start: StartState, why: &str, manifest: &mut Manifest, report: &mut Report) {
    manifest.lost = start.lost;
    let names = manifest.lose_unstored(&lost_reason(why));
    report.state = Some(StateNote::lost(format!("the kernel died: {why}; {ROLLED_BACK}"), names));
    report.kernel_died = true;
}

fn answered(mut start: StartState, done: Done, stored: Option<Stored>, manifest: &mut Manifest, report: &mut Report) {
    let not_restored = done.not_restored.into_iter().filter_map(|lost| {
        Some((VariableName::parse(lost.name).ok()?, limits::prefix(&lost.reason, MAX_REASON_BYTES).to_owned()))
    });
    let not_restored: Vec<_> = not_restored.take(MAX_NAMES).collect();
    start.lost = lost_names(&not_restored, start.lost);
    start.newly_lost.extend(not_restored);
    let note = start.note();
    report.failure = done.failure.map(|failure| Failure {
        error: limits::prefix(&failure.error, MAX_ERROR_BYTES).to_owned(),
        traceback: traceback(&failure.traceback),
    });
    let not_loaded = done.not_loaded.into_iter().filter_map(|name| VariableName::parse(name).ok());
    let not_loaded: BTreeSet<VariableName> = not_loaded.take(MAX_NAMES).collect();
    let names = done.names.into_iter().filter_map(|name| VariableName::parse(name).ok());
    let names = names.chain(not_loaded.iter().cloned()).take(MAX_NAMES);
    let before = Arc::clone(&manifest.variables);
    let not_stored = |name: &VariableName| match &stored {
        Some(stored) => stored.unstorable.get(name).cloned(),
        None => before.get(name).and_then(|variable| variable.not_stored.clone()),
    };
    let variables: BTreeMap<VariableName, Variable> =
        names.map(|name| (name.clone(), Variable { not_stored: not_stored(&name) })).collect();
    if variables != *manifest.variables {
        manifest.variables = Arc::new(variables);
    }
    if let Some(stored) = stored {
        manifest.groups = stored.groups;
    }
    let mut lost = start.lost;
    let still: std::collections::HashSet<String> = done.still_lost.into_iter().collect();
    lost.retain(|name, _| still.contains(name.as_str()));
    manifest.lost = lost;
    let named = |frame: Frame| Some((VariableName::parse(frame.name.as_str()).ok()?, frame));
    let frames: Vec<_> = done.dataframes.into_iter().filter_map(named).take(MAX_FRAMES).collect();
    let away = manifest.dataframes.iter().filter(|frame| not_loaded.contains(&frame.name)).cloned();
    let shape = |(name, frame): &(VariableName, Frame)| FrameShape {
        name: name.clone(),
        num_rows: frame.num_rows,
        num_cols: frame.num_cols,
    };
    report.dataframes = frames.iter().filter(|(_, frame)| frame.changed).map(shape).collect();
    let here = frames.into_iter().map(|(name, frame)| Dataframe {
        name,
        num_rows: frame.num_rows,
        num_cols: frame.num_cols,
        memory_usage_bytes: frame.memory_bytes,
    });
    manifest.dataframes = away.chain(here).take(MAX_FRAMES).collect();
    manifest.cwd = WorkingDirectory::parse(done.cwd).unwrap_or_else(|_| WorkingDirectory::top());
    manifest.env = environment(done.env);
    report.state = note;
}

fn version(python: &str) -> RuntimeVersion {
    RuntimeVersion::parse(python).unwrap_or_else(|_| RuntimeVersion::none())
}

/// One element per line, cut when there is more than a kernel sends.
fn traceback(lines: &[String]) -> Vec<String> {
    let mut left_bytes = MAX_TRACEBACK_BYTES;
    let mut kept = Vec::new();
    for line in lines.iter().flat_map(|line| line.split('\n')) {
        let Some(left) = left_bytes.checked_sub(line.len() + 1) else { break };
        left_bytes = left;
        kept.push(line.to_owned());
    }
    kept
}

/// The variables that an environment can hold, as far as they fit.
fn environment(env: BTreeMap<String, Option<String>>) -> BTreeMap<EnvName, Option<EnvValue>> {
    let mut left_bytes = MAX_ENV_BYTES;
    let fitting = |(name, value): (String, Option<String>)| {
        let left = left_bytes.checked_sub(name.len() + value.as_ref().map_or(0, String::len) + 2)?;
        let entry = (EnvName::parse(name).ok()?, value.map(EnvValue::parse).transpose().ok()?);
        left_bytes = left;
        Some(entry)
    };
    env.into_iter().filter_map(fitting).collect()
}
