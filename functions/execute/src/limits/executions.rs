//! Executions that run at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many each key and each organisation has running.
pub(super) struct Executions {
    keys: Counts,
    orgs: Counts,
}

#[derive(Clone)]
struct Counts {
    most: usize,
    running: Arc<Mutex<HashMap<String, usize>>>,
}

/// One that runs, until it is dropped.
pub(crate) struct Running {
    _key: Counted,
    _org: Counted,
}

struct Counted {
    counts: Counts,
    name: String,
}

impl Executions {
    /// So many at most; 0 for no limit.
    pub(super) fn new(key: u32, org: u32) -> Self {
        Self { keys: Counts::new(key), orgs: Counts::new(org) }
    }

    /// One more, or whose limit it would break and what that is.
    pub(super) fn begin(&self, key: &str, org: &str) -> Result<Running, (&'static str, usize)> {
        let key = self.keys.add(key).ok_or(("this key", self.keys.most))?;
        let org = self.orgs.add(org).ok_or(("this organisation", self.orgs.most))?;
        Ok(Running { _key: key, _org: org })
    }
}

impl Counts {
    fn new(most: u32) -> Self {
        let most = if most == 0 { usize::MAX } else { usize::try_from(most).unwrap_or(usize::MAX) };
        Self { most, running: Arc::default() }
    }

    fn add(&self, name: &str) -> Option<Counted> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
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
        let mut running = self.counts.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.name);
            }
        }
    }
}
