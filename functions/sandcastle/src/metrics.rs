//! What is counted. An event of the log that has a field `metric` with one of these names counts one; the programs on
//! Lambda turn it into a metric of CloudWatch.

/// An environment was set up.
pub const COLD_STARTS: &str = "ColdStarts";
/// A run was in vain, because another call had committed first.
pub const COMMIT_CONFLICTS: &str = "CommitConflicts";
/// A kernel ended with every value in it: a crash, no memory, no end at the time limit.
pub const KERNEL_DEATHS: &str = "KernelDeaths";
/// A message or an event was not carried out, and is reported back to where it came from.
pub const REFUSED_EVENTS: &str = "RefusedEvents";
