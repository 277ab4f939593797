//! What a run comes to: the next manifest, and what the caller is told. All that a kernel says is cut to size here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use sandcastle::{
    limits::{
        self, MAX_CWD_BYTES, MAX_ENV_BYTES, MAX_ERROR_BYTES, MAX_FRAMES, MAX_NAME_BYTES, MAX_NAMES, MAX_TRACEBACK_BYTES,
    },
    manifest::{Dataframe, Manifest, Variable, lost_names},
    report::{Failure, FrameShape, Report, StateNote},
};
use sandcastle_protocol::{Done, Ended};
use sandcastle_runtime::millis;

use super::{code::End, command};
use crate::{folder::Harvested, text};

/// What a run started from.
pub(crate) struct Start {
    /// The state at the position that the run began at.
    pub(crate) base: Arc<Manifest>,
    /// Names whose values were gone when the run began: those of the manifest, and those that a new kernel came without.
    pub(crate) lost: BTreeMap<String, String>,
    /// Of them, the names that became lost just now.
    pub(crate) newly_lost: Vec<String>,
}

/// How the work of a run ended.
pub(crate) enum Outcome {
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
        /// What it came to.
        ran: command::Ran,
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
    /// The kernel was killed for want of memory.
    pub(crate) out_of_memory: bool,
    /// The version of its Python.
    pub(crate) python: Arc<str>,
}

/// Why a kernel has ended that nobody saw end.
const NEW_KERNEL: &str = "a new one was started";

/// The reason that is kept with a name whose value is gone with its kernel.
fn lost_reason(how: &str) -> String {
    format!("its value lived in a kernel that has ended ({how})")
}

impl Start {
    /// What a kernel that already ran is started with.
    pub(crate) fn warm(base: Arc<Manifest>) -> Self {
        let lost = base.lost.clone();
        Self { base, lost, newly_lost: Vec::new() }
    }

    /// What a new kernel is started with: every variable is gone.
    pub(crate) fn cold(base: Arc<Manifest>) -> Self {
        let newly_lost: Vec<String> = base.variables.keys().cloned().collect();
        let lost = lost_names(&newly_lost, &lost_reason(NEW_KERNEL), base.lost.clone());
        Self { base, lost, newly_lost }
    }

    /// What the caller is told of the names that were lost just now.
    fn note(&self) -> Option<StateNote> {
        let names = Some(&self.newly_lost).filter(|names| !names.is_empty())?;
        Some(StateNote::lost("a new kernel was started".into(), names.clone(), &lost_reason(NEW_KERNEL)))
    }
}

/// The state after a run, and its report.
pub(crate) fn of(start: Start, outcome: Outcome, left: Harvested) -> (Manifest, Report) {
    let report = Report { files: left.generated, files_skipped: left.skipped, ..Report::default() };
    let mut manifest = (*start.base).clone();
    manifest.files = left.files;
    match outcome {
        Outcome::Cell { end, output, measured } => of_code(start, end, measured, manifest, Report { output, ..report }),
        Outcome::Command { ran, python } => {
            manifest.runtime = python.to_string();
            of_command(ran, manifest, report)
        }
    }
}

/// The kernel has no part in it: the values are wherever they were.
fn of_command(ran: command::Ran, manifest: Manifest, mut report: Report) -> (Manifest, Report) {
    report.duration_ms = millis(ran.took);
    report.process = Some(ran.process);
    report.failure = ran.error.map(|error| Failure { error, traceback: Vec::new() });
    (manifest, report)
}

fn of_code(
    start: Start,
    end: End,
    measured: Measured,
    mut manifest: Manifest,
    mut report: Report,
) -> (Manifest, Report) {
    report.duration_ms = millis(measured.took);
    manifest.calls = manifest.calls.saturating_add(1);
    manifest.runtime = measured.python.to_string();
    let cause = match end {
        End::Done(done) => {
            manifest.memory_bytes = measured.memory_bytes;
            answered(start, done, &mut manifest, &mut report);
            return (manifest, report);
        }
        End::TimedOut => Cause {
            error: text::timeout(measured.limit),
            why: "it did not end after the interrupt at its time limit".into(),
        },
        End::Died(Some(how)) => died(how, measured.out_of_memory),
        End::Died(None) => Cause::death("it ended with its zygote"),
        End::Broke(what) => Cause::death(what),
    };
    report.failure = Some(Failure { error: cause.error, traceback: Vec::new() });
    lose_all(start, &cause.why, &mut manifest, &mut report);
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

fn died(how: Ended, out_of_memory: bool) -> Cause {
    if out_of_memory {
        let error = "MemoryError('the kernel was killed: out of memory')".into();
        return Cause { error, why: "out of memory".into() };
    }
    Cause::death(&text::ended(how))
}

/// The kernel is gone, and every value with it.
fn lose_all(start: Start, why: &str, manifest: &mut Manifest, report: &mut Report) {
    let reason = lost_reason(why);
    manifest.lost = start.lost;
    let names = manifest.lose_variables(&reason);
    report.state = Some(StateNote::lost(format!("the kernel died: {why}"), names, &reason));
    report.kernel_died = true;
}

fn answered(start: Start, done: Done, manifest: &mut Manifest, report: &mut Report) {
    let note = start.note();
    report.failure = done.failure.map(|failure| Failure {
        error: limits::prefix(&failure.error, MAX_ERROR_BYTES).to_owned(),
        traceback: traceback(&failure.traceback),
    });
    let names = done.names.into_iter().filter(|name| is_name(name)).take(MAX_NAMES);
    let variables: BTreeMap<String, Variable> = names.map(|name| (name, Variable::default())).collect();
    if variables != *manifest.variables {
        manifest.variables = Arc::new(variables);
    }
    let mut lost = start.lost;
    let still: std::collections::HashSet<String> = done.still_lost.into_iter().collect();
    lost.retain(|name, _| still.contains(name));
    manifest.lost = lost;
    let frames: Vec<_> = done.dataframes.into_iter().filter(|frame| is_name(&frame.name)).take(MAX_FRAMES).collect();
    let shape = |frame: &sandcastle_protocol::Frame| FrameShape {
        name: frame.name.clone(),
        num_rows: frame.num_rows,
        num_cols: frame.num_cols,
    };
    report.dataframes = frames.iter().filter(|frame| frame.changed).map(shape).collect();
    manifest.dataframes = frames
        .into_iter()
        .map(|frame| Dataframe {
            name: frame.name,
            num_rows: frame.num_rows,
            num_cols: frame.num_cols,
            memory_usage_bytes: frame.memory_bytes,
        })
        .collect();
    manifest.cwd = Some(done.cwd).filter(|cwd| cwd.len() <= MAX_CWD_BYTES && !cwd.contains('\0')).unwrap_or_default();
    manifest.env = environment(done.env);
    report.state = note;
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && !name.contains('\0')
}

/// One element per line, cut when there is more than a kernel sends.
fn traceback(lines: &[String]) -> Vec<String> {
    let mut room = MAX_TRACEBACK_BYTES;
    let mut kept = Vec::new();
    for line in lines.iter().flat_map(|line| line.split('\n')) {
        let Some(left) = room.checked_sub(line.len() + 1) else { break };
        room = left;
        kept.push(line.to_owned());
    }
    kept
}

/// The variables that an environment can hold, as far as they fit.
fn environment(env: BTreeMap<String, Option<String>>) -> BTreeMap<String, Option<String>> {
    let mut room = MAX_ENV_BYTES;
    let fits = |(name, value): &(String, Option<String>)| {
        let value = value.as_deref().unwrap_or_default();
        let sound = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        let left = room.checked_sub(name.len() + value.len() + 2).filter(|_| sound);
        room = left.unwrap_or(room);
        left.is_some()
    };
    env.into_iter().filter(fits).collect()
}
