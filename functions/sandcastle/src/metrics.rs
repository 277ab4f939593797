//! What is counted. An event of the log that has a field `metric` with one of these names counts one.

/// A run was in vain, because another call had committed first.
pub const COMMIT_CONFLICTS: &str = "CommitConflicts";
/// A kernel ended with every value in it: a crash, no memory, no end at the time limit.
pub const KERNEL_DEATHS: &str = "KernelDeaths";
