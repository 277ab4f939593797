//! When a kernel is interrupted, and when it is killed, in each phase of a call.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// Restoring is interrupted after one part in so many of the call's limit, for what the call does not need, and after one part in
/// so many more, for what it needs. Then the kernel gives up what it was restoring, if that has had long, or it runs nothing.
const PARTS: [u32; 2] = [2, 4];

/// Interrupts before the kill. A system call does not see one that comes just before it, since Python looks for signals between
/// its instructions only. The kernel raises at most one of them in code.
const INTERRUPTS: u32 = 2;

/// How long code may run.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// The interrupt comes after so long.
    pub(crate) limit: Duration,
    /// The kill comes so long after the interrupt, which is repeated when half of it is over.
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
    /// Interrupts that have come since code, or restoring, reached its limit.
    interrupts: u32,
    /// Those that have come to restoring before.
    parts: usize,
    code_ended: Option<Instant>,
}

impl Alarm {
    /// An alarm for a call that begins now with this phase.
    pub(super) fn new(timing: Timing, phase: Phase) -> Self {
        let limit_at = Instant::now() + timing.limit;
        let mut alarm = Self { timing, limit_at, phase, at: limit_at, interrupts: 0, parts: 0, code_ended: None };
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
        (self.phase, self.interrupts, self.parts) = (phase, 0, 0);
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
        let part = PARTS.get(self.parts).map(|part| Instant::now() + self.timing.limit / *part);
        part.map_or(self.limit_at, |part| part.min(self.limit_at))
    }

    /// Waits until something is due.
    pub(super) async fn rings(&mut self) -> Rings {
        sleep_until(self.at.into()).await;
        if self.interrupts == INTERRUPTS {
            return Rings::Kill { restoring: matches!(self.phase, Phase::Restoring | Phase::Fetching) };
        }
        if self.phase == Phase::Restoring && self.at < self.limit_at {
            self.parts += 1;
            self.at = self.next_part();
        } else {
            self.interrupts += 1;
            self.at = Instant::now() + self.timing.grace / INTERRUPTS;
        }
        Rings::Interrupt
    }
}
