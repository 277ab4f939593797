//! How often things are measured, two calls that several parts measure, and medians and percentiles of what was measured.

use std::time::{Duration, Instant};

use sandcastle_e2e::api::Api;

/// Repetitions of what takes about a millisecond.
pub(crate) const ROUNDS: usize = 1000;
/// Repetitions of what takes longer.
pub(crate) const FEW: usize = 15;

/// How long a call that prints takes.
pub(crate) async fn print(api: &Api, sandbox: &str) -> Duration {
    let began = Instant::now();
    assert_eq!(api.output(sandbox, "print(2+2)").await, ["4"]);
    began.elapsed()
}

/// Ends the sandbox's kernel; how long the call after that takes.
pub(crate) async fn crash(api: &Api, sandbox: &str) -> Duration {
    api.execute(sandbox, "import os; os._exit(1)").await;
    print(api, sandbox).await
}

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
