//! What a job comes to when the environment that ran it ended: the code may have killed the host itself, or used up all memory.
//! The caller is answered as of any kernel that died.

use sandcastle::{
    interpreter::{Job, Outcome},
    report::{Failure, ROLLED_BACK, Report, StateNote},
};

/// How an environment ended, by the type of the function's error; `None` for errors that are no death.
pub(crate) fn cause(error_type: &str, message: &str) -> Option<&'static str> {
    match error_type {
        "Runtime.OutOfMemory" => Some("MemoryError('the environment was killed: out of memory')"),
        "Runtime.ExitError" => Some("KernelDied('the environment ended')"),
        "Sandbox.Timedout" => Some("KernelDied('the environment took too long')"),
        _ if message.contains("Task timed out after") => Some("KernelDied('the environment took too long')"),
        _ => None,
    }
}

/// The state before the call, as far as it is stored, and the death as the call's error.
pub(crate) fn outcome(job: &Job, error: &str) -> Outcome {
    let mut manifest = (*job.head.manifest).clone();
    let reason = "its value lived in an environment that has ended";
    let names = manifest.lose_unstored(reason);
    manifest.calls = job.calls_after();
    let report = Report {
        failure: Some(Failure { error: error.to_owned(), traceback: Vec::new() }),
        kernel_died: true,
        state: Some(StateNote::lost(format!("the environment ended; {ROLLED_BACK}"), names)),
        ..Report::default()
    };
    Outcome { parent: job.head.position, manifest, report }
}
