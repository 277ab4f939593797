//! How many there are of each name at this moment, within a limit.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use parking_lot::Mutex;

/// Counts by name. A name of which there are none takes no memory.
#[derive(Clone)]
pub struct Counts<K>(Arc<Mutex<HashMap<K, usize>>>);

/// One that is counted; dropping it ends that.
pub struct Counted<K: Eq + Hash> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    name: K,
}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Clone + Eq + Hash> Counts<K> {
    /// Counts one more; `None` when there are as many as there may be.
    pub fn add(&self, name: K, most: usize) -> Option<Counted<K>> {
        let mut counts = self.0.lock();
        let now = counts.get(&name).copied().unwrap_or(0);
        if now >= most {
            return None;
        }
        counts.insert(name.clone(), now + 1);
        Some(Counted { counts: Arc::clone(&self.0), name })
    }
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_counted_by_itself_and_forgotten_with_its_last() {
        let counts = Counts::default();
        let first = counts.add("a", 1);
        assert!(first.is_some() && counts.add("a", 1).is_none() && counts.add("b", 1).is_some());
        drop(first);
        assert!(counts.0.lock().is_empty() && counts.add("a", 1).is_some());
    }
}
