//! Limits on executions that run at once.

use sandcastle_runtime::{Counted, Counts};

use super::exceeded::{Exceeded, Who};

/// Counts the running executions of each key and each organisation.
pub(super) struct Executions {
    keys: Limited,
    orgs: Limited,
}

struct Limited {
    most: usize,
    running: Counts<String>,
}

/// A running execution; dropping it ends the count.
pub(crate) struct Running {
    _key: Counted<String>,
    _org: Counted<String>,
}

impl Executions {
    /// Limits for each key and each organisation; 0 for no limit.
    pub(super) fn new(key: u32, org: u32) -> Self {
        Self { keys: Limited::new(key), orgs: Limited::new(org) }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// When that would exceed the limit of the key or of the organisation.
    pub(super) fn begin(&self, key: &str, org: &str) -> Result<Running, Exceeded> {
        Ok(Running { _key: self.keys.add(Who::Key, key)?, _org: self.orgs.add(Who::Organisation, org)? })
    }
}

impl Limited {
    fn new(most: u32) -> Self {
        let most = if most == 0 { usize::MAX } else { usize::try_from(most).unwrap_or(usize::MAX) };
        Self { most, running: Counts::default() }
    }

    fn add(&self, who: Who, name: &str) -> Result<Counted<String>, Exceeded> {
        let counted = self.running.add(name.to_owned(), self.most);
        counted.ok_or(Exceeded::Executions { who, most: self.most })
    }
}
