//! Ends idle kernels of sandboxes that went on elsewhere: stopped, or with variables that this host's kernel lacks. They would
//! hold memory, and seats, until others need them. Ends all of them when the disk is nearly full.

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use sandcastle::{
    SandboxId,
    ledger::Ledger,
    manifest::Status,
    store::{ObjectStore, StoreError},
};

use super::{KernelHost, states::IdleKernel};
use crate::kernel::usage::nearly_full;

impl KernelHost {
    /// Drops what is only kept to speed later jobs up, when the disk with this folder is nearly full: idle kernels may hold much of it
    /// that nobody counts.
    pub(super) fn make_room(&self, folder: &Path) {
        if nearly_full(folder).is_some() {
            tracing::warn!("the disk is nearly full: idle kernels end, and what is kept of variables and files goes");
            drop(self.pool.take_all());
            self.folders.clear();
            self.variables.clear();
        }
    }

    /// Looks through the idle kernels each time that this has passed, as long as the host is there.
    pub(super) fn start_sweeping(self: &Arc<Self>, store: Arc<dyn ObjectStore>, every: Duration) {
        let (host, ledger) = (Arc::downgrade(self), Ledger::new(store));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let Some(host) = Weak::upgrade(&host) else { return };
                if let Err(error) = host.end_superseded(&ledger, every).await {
                    tracing::warn!(error = &error as &dyn std::error::Error, "idle kernels are looked through later");
                }
            }
        });
    }

    /// Ends the kernels, and removes the folders, that were idle for so long and that the ledger contradicts. Forgets the variables of
    /// sandboxes that were stopped.
    async fn end_superseded(&self, ledger: &Ledger, idle_for: Duration) -> Result<(), StoreError> {
        // What a kernel has done lately may not be committed yet.
        let Some(then) = Instant::now().checked_sub(idle_for) else { return Ok(()) };
        for sandbox in self.pool.idle_since(then) {
            let newest = ledger.newest(&sandbox).await?.map(|entry| entry.state);
            let running = newest.as_ref().filter(|state| state.status() == Status::Running);
            let has_them = |idle: &IdleKernel| running.is_some_and(|state| state.variables_at() == idle.variables_at);
            if let Some(idle) = self.pool.take_unwanted(&sandbox, then, |idle| !has_them(idle)) {
                drop(idle);
                tracing::info!(%sandbox, "an idle kernel ended, because its sandbox went on elsewhere");
            }
        }
        let held: HashSet<SandboxId> = self.folders.sandboxes().into_iter().chain(self.variables.sandboxes()).collect();
        for sandbox in held {
            let newest = ledger.newest(&sandbox).await?;
            if !newest.is_some_and(|entry| entry.state.status() == Status::Running) {
                drop(self.folders.take(&sandbox));
                self.variables.forget(&sandbox);
            }
        }
        Ok(())
    }
}
