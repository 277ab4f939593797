//! What the host does for the confinement of kernels, and says of it once.

use sandcastle_protocol::StepReport;

use crate::hidden;

/// Keeps other processes of the host's user, which kernels may be, from reading its memory and its environment. Says once where they
/// can.
pub(super) fn hide_memory() {
    if !hidden::by_prctl() {
        tracing::warn!("processes of this user can read the host's memory");
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
