//! How many jobs of one organisation run at once: never so many that others find no seat.

use std::{collections::HashMap, sync::Arc, time::Instant};

use parking_lot::Mutex;
use sandcastle::Name;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

/// Of the seats, one part in so many is kept for other organisations, and at least one seat.
const FOR_OTHERS: usize = 4;

/// The organisations whose jobs run or wait.
pub(super) struct Shares {
    most: usize,
    orgs: Arc<Mutex<HashMap<Name, Arc<Semaphore>>>>,
}

/// The right of an organisation to run one job.
pub(super) struct Share {
    orgs: Arc<Mutex<HashMap<Name, Arc<Semaphore>>>>,
    org: Name,
    all: Arc<Semaphore>,
    /// Absent while it is waited for.
    permit: Option<OwnedSemaphorePermit>,
}

impl Shares {
    /// Of a host with so many seats.
    pub(super) fn new(seats: usize) -> Self {
        let most = seats.saturating_sub((seats / FOR_OTHERS).max(1)).max(1);
        Self { most, orgs: Arc::default() }
    }

    /// The organisation's next turn; `None` when it does not come in time.
    pub(super) async fn take(&self, org: &Name, until: Instant) -> Option<Share> {
        let new = || Arc::new(Semaphore::new(self.most));
        let all = Arc::clone(self.orgs.lock().entry(org.clone()).or_insert_with(new));
        // Made before the wait, so that a wait that is given up forgets the organisation like a job that has ended.
        let mut share = Share { orgs: Arc::clone(&self.orgs), org: org.clone(), all, permit: None };
        let waiting = Arc::clone(&share.all).acquire_owned();
        share.permit = Some(timeout_at(until.into(), waiting).await.ok()?.ok()?);
        Some(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.permit = None;
        let mut orgs = self.orgs.lock();
        // This one's, and the map's.
        if Arc::strong_count(&self.all) == 2 {
            orgs.remove(&self.org);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[tokio::test]
    async fn an_organisation_leaves_a_quarter_to_others_and_is_forgotten() {
        let shares = Shares::new(4);
        let [one, other] = ["one", "other"].map(|name| Name::parse(name).unwrap());
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(shares.take(&one, soon()).await.unwrap());
        }
        assert!(shares.take(&one, soon()).await.is_none());
        assert!(shares.take(&other, soon()).await.is_some());
        held.pop();
        assert!(shares.take(&one, soon()).await.is_some());
        drop(held);
        assert!(shares.orgs.lock().is_empty());
        assert!(Shares::new(1).take(&one, soon()).await.is_some());
    }
}
