//! Limits on executions that run at once.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::exceeded::{Exceeded, Who};

/// Counts the running executions of each key and each organisation.
pub(super) struct Executions {
    keys: Counts,
    orgs: Counts,
}

#[derive(Clone)]
struct Counts {
    most: usize,
    running: Arc<Mutex<HashMap<String, usize>>>,
}

/// A running execution; dropping it ends the count.
pub(crate) struct Running {
    _key: Counted,
    _org: Counted,
}

struct Counted {
    counts: Counts,
    name: String,
}

impl Executions {
    /// Limits for each key and each organisation; 0 for no limit.
    pub(super) fn new(key: u32, org: u32) -> Self {
        Self { keys: Counts::new(key), orgs: Counts::new(org) }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// When that would exceed the limit of the key or of the organisation.
    pub(super) fn begin(&self, key: &str, org: &str) -> Result<Running, Exceeded> {
        let exceeded = |who, counts: &Counts| Exceeded::Executions { who, most: counts.most };
        let key = self.keys.add(key).ok_or_else(|| exceeded(Who::Key, &self.keys))?;
        let org = self.orgs.add(org).ok_or_else(|| exceeded(Who::Organisation, &self.orgs))?;
        Ok(Running { _key: key, _org: org })
    }
}

impl Counts {
    fn new(most: u32) -> Self {
        let most = if most == 0 { usize::MAX } else { usize::try_from(most).unwrap_or(usize::MAX) };
        Self { most, running: Arc::default() }
    }

    fn add(&self, name: &str) -> Option<Counted> {
        let mut running = self.running.lock();
        let count = running.entry(name.to_owned()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Counted { counts: self.clone(), name: name.to_owned() })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.counts.running.lock();
        if let Some(count) = running.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.name);
            }
        }
    }
}
