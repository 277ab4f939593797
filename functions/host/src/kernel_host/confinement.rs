//! What the host does for the confinement of kernels, and says of it once.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use sandcastle_protocol::StepReport;

/// Keeps other processes of the host's user, which kernels may be, from reading its memory and its environment.
pub(super) fn hide_memory() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "processes of this user can read the host's memory");
    }
}

/// Says once what confines kernels here.
pub(super) fn log_steps(steps: &[StepReport]) {
    let held: Vec<&str> = steps.iter().filter(|step| step.held).map(|step| step.step.as_str()).collect();
    tracing::info!(?held, "kernels are confined");
    for step in steps.iter().filter(|step| !step.held) {
        tracing::warn!(step = step.step.as_str(), reason = step.reason, "a step of the confinement is unavailable");
    }
}
