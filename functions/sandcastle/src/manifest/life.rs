//! The lives of a sandbox: each start after a stop begins one.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Which life of a sandbox stored something: the number of the ledger entry that began it. What a stop deletes, and what
/// a sandbox started again under the same id stores, then never share a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Epoch(pub u64);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A life that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub released_at: OffsetDateTime,
}

impl Life {
    /// So many of them are known at most.
    pub(super) const KNOWN: usize = 4;
}
