//! The record of which steps of the confinement hold.

use std::fmt::Display;

use sandcastle_protocol::{Step, StepReport};

/// The steps that have been taken so far.
#[derive(Default)]
pub(crate) struct Steps(Vec<StepReport>);

impl Steps {
    /// Records the result of a step. True when it holds.
    pub(crate) fn record<E: Display>(&mut self, step: Step, result: Result<(), E>) -> bool {
        let reason = result.err().map(|error| error.to_string());
        let held = reason.is_none();
        self.0.push(StepReport { step, held, reason: reason.unwrap_or_default() });
        held
    }

    /// The first step of `required` that does not hold.
    pub(crate) fn missing(&self, required: &[Step]) -> Option<&StepReport> {
        self.0.iter().find(|report| !report.held && required.contains(&report.step))
    }

    /// The reports, in the order of [`Step::ALL`].
    pub(crate) fn into_reports(self) -> Vec<StepReport> {
        self.0
    }
}
