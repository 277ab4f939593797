//! Medians and percentiles of measured times.

use std::time::Duration;

/// The median of the times; zero if there are none.
pub(crate) fn median(times: Vec<Duration>) -> Duration {
    percentile(&times, 50)
}

/// A percentile of the times, from 0 to 99; zero if there are none.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}
