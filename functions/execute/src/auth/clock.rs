//! The source of the current time, passed in so that tests can set it.

use time::OffsetDateTime;

/// Returns the current time.
pub type Clock = fn() -> OffsetDateTime;
