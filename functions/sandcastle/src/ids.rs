//! Ids that cannot be wrong: each is checked where it enters, and every key in the bucket is made of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A text that is no id of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}")]
pub struct IdError {
    /// What it should have been.
    pub what: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $new:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// A new one.
            #[allow(clippy::new_without_default, reason = "a default id that differs each time would surprise")]
            pub fn new() -> Self {
                Self(Uuid::$new())
            }

            /// Reads the one spelling there is: 36 characters, lower case, with hyphens.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let id = Uuid::try_parse(text).ok().map(Self);
                id.filter(|id| id.to_string() == text).ok_or(IdError { what: $what })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

uuid_id!(
    /// A sandbox. Random (UUID version 4), so that knowing one tells nothing about another.
    SandboxId,
    "sandbox id",
    new_v4
);
uuid_id!(
    /// One call, through all its re-runs. Ordered by time (UUID version 7).
    ExecutionId,
    "execution id",
    now_v7
);
uuid_id!(
    /// One attempt to write a ledger entry; random.
    CommitId,
    "commit id",
    new_v4
);

impl ExecutionId {
    /// When the call came, by the clock of the process that answered it; `None` for an id that was not made here.
    pub fn begun(&self) -> Option<OffsetDateTime> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let seconds = OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
        seconds.checked_add(time::Duration::nanoseconds(nanos.into()))
    }
}
