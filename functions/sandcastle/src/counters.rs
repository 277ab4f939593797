//! What is counted. An event of the log that has a field `metric` with one of these names counts one.

/// A commit lost to another one, so that its code runs again.
pub const COMMIT_CONFLICTS: &str = "CommitConflicts";
/// A kernel ended with every variable in it: a crash, out of memory, or code that did not end at its limit.
pub const KERNEL_DEATHS: &str = "KernelDeaths";
