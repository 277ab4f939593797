//! The error of a caller that has reached one of its limits.

use std::fmt;

use super::rate::RateLimit;

/// A limit that a caller has reached.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(crate) enum Exceeded {
    /// Too many requests per second.
    #[error("{who} may send {} requests per second; try again in {} s", rate.limit, rate.reset.as_secs())]
    Requests {
        /// Whose limit it is.
        who: Who,
        /// The limit, and when it allows another request.
        rate: RateLimit,
    },
    /// Too many executions at once.
    #[error("{who} already has {most} executions running, which is its limit; try again when one has ended")]
    Executions {
        /// Whose limit it is.
        who: Who,
        /// The limit.
        most: usize,
    },
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    /// The caller's API key; the member, for a caller with a JSON Web Token.
    Key,
    /// The caller's organisation.
    Organisation,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "this key",
            Self::Organisation => "this organisation",
        })
    }
}
