//! When a kernel is interrupted, and when it is killed, in each phase of a call.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// Restoring is interrupted after one part in so many of the call's limit: what was being restored is given up then, and the
/// rest goes on.
const PARTS: u32 = 4;

/// How long code may run.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// The interrupt comes after so long.
    pub(crate) limit: Duration,
    /// The kill comes so long after the interrupt.
    pub(crate) grace: Duration,
    /// When the kernel must have stored its variables.
    pub(crate) store_until: Instant,
}

/// What a kernel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It restores variables.
    Restoring,
    /// It waits for the host.
    Fetching,
    /// It runs the code.
    Running,
    /// It stores variables.
    Storing,
}

/// What is due.
pub(super) enum Rings {
    /// The interrupt.
    Interrupt,
    /// The kill.
    Kill {
        /// The code has not begun.
        restoring: bool,
    },
}

/// The alarm of one call.
pub(super) struct Alarm {
    timing: Timing,
    limit_at: Instant,
    phase: Phase,
    at: Instant,
    /// The interrupt has come, and the kill is next.
    interrupted: bool,
    code_ended: Option<Instant>,
}

impl Alarm {
    /// An alarm for a call that begins now with this phase.
    pub(super) fn new(timing: Timing, phase: Phase) -> Self {
        let limit_at = Instant::now() + timing.limit;
        let mut alarm = Self { timing, limit_at, phase, at: limit_at, interrupted: false, code_ended: None };
        alarm.enter(phase);
        alarm
    }

    /// When the code must have ended.
    pub(super) fn limit_at(&self) -> Instant {
        self.limit_at
    }

    /// When the code has ended, if it has.
    pub(super) fn code_ended(&self) -> Option<Instant> {
        self.code_ended
    }

    /// The next phase begins.
    pub(super) fn enter(&mut self, phase: Phase) {
        (self.phase, self.interrupted) = (phase, false);
        self.at = match phase {
            Phase::Restoring => self.next_part(),
            // Reading has the same limit, and a kernel that only waits for it is not killed.
            Phase::Fetching => self.limit_at + self.timing.grace,
            Phase::Running => self.limit_at,
            Phase::Storing => {
                self.code_ended = Some(Instant::now());
                self.timing.store_until
            }
        };
    }

    fn next_part(&self) -> Instant {
        self.limit_at.min(Instant::now() + self.timing.limit / PARTS)
    }

    /// Waits until something is due.
    pub(super) async fn rings(&mut self) -> Rings {
        sleep_until(self.at.into()).await;
        if self.interrupted {
            return Rings::Kill { restoring: matches!(self.phase, Phase::Restoring | Phase::Fetching) };
        }
        if self.phase == Phase::Restoring && self.at < self.limit_at {
            self.at = self.next_part();
        } else {
            self.interrupted = true;
            self.at = Instant::now() + self.timing.grace;
        }
        Rings::Interrupt
    }
}
