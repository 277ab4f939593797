//! Cleans up after kernels that were killed: waits for their ends, then removes their folders.

use std::{sync::Arc, time::Duration};

use sandcastle_protocol::Ended;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::slot::Slot;

/// The longest that a killed kernel may take to end, with all its processes.
const END_TIME: Duration = Duration::from_secs(10);

/// What is left to do for a kernel that was killed.
pub(crate) struct Ending {
    pub(super) ended: Option<oneshot::Receiver<Ended>>,
    pub(super) slot: Arc<Slot>,
}

impl Ending {
    /// A folder to remove, whose kernel, if it has one, has an ending of its own.
    pub(crate) fn of_folder(slot: Arc<Slot>) -> Self {
        Self { ended: None, slot }
    }
}

/// Removes the folders of kernels when they have ended, until the last kernel's sender is gone.
pub(crate) async fn reap(mut dead: mpsc::UnboundedReceiver<Ending>) {
    let mut running = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            ending = dead.recv() => match ending {
                Some(ending) => { running.spawn(reap_one(ending)); }
                None => break,
            },
            Some(_) = running.join_next(), if !running.is_empty() => {}
        }
    }
    running.join_all().await;
}

async fn reap_one(ending: Ending) {
    let Ending { ended, slot } = ending;
    if let Some(ended) = ended {
        let ended = timeout(END_TIME, ended).await;
        tracing::debug!(slot = slot.number, ?ended, "kernel ended");
    }
    // The last user of the slot removes its folder, which blocks.
    let _ = tokio::task::spawn_blocking(move || drop(slot)).await;
}
