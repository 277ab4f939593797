//! Medians and percentiles of what was measured.

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

/// The median of numbers, such as ratios of pairs; zero if there are none.
pub(crate) fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}
