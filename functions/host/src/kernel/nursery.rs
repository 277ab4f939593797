//! The zygotes of a host: a plain one, and one that imports the usual packages, from which kernels are forked also while it
//! does. Each is started again when it dies.

use std::{path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use sandcastle_protocol::Setup;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use sandcastle_runtime::{chain, millis};

use super::zygote::Zygote;
use crate::error::HostError;

/// The longest that importing the usual packages may take, from a cold disk.
const IMPORT_TIME: Duration = Duration::from_secs(120);
/// How long to wait before a zygote that died is started again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));
/// A zygote that lived for so long was well.
const WELL: Duration = Duration::from_secs(60);

#[derive(Clone)]
enum Stage {
    Starting,
    Ready(Arc<Zygote>),
    Failed(Arc<HostError>),
}

/// What a kernel is forked from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// The zygote.
    pub(crate) zygote: Arc<Zygote>,
    /// The kernel is forked when the zygote has imported so many modules.
    pub(crate) after: usize,
}

/// Both zygotes.
pub(crate) struct Nursery {
    plain: Keeper,
    preloaded: Option<Keeper>,
}

struct Keeper {
    stage: watch::Receiver<Stage>,
    close: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Nursery {
    /// Starts the zygotes, in the background.
    pub(crate) fn start(binary: PathBuf, plain: Setup, preloaded: Option<Setup>) -> Self {
        let keep = |setup| Keeper::start(binary.clone(), setup);
        Self { plain: keep(plain), preloaded: preloaded.map(keep) }
    }

    /// The plain zygote, when it is ready.
    pub(crate) async fn plain(&self) -> Result<Origin, Arc<HostError>> {
        Ok(Origin { zygote: self.plain.zygote().await?, after: 0 })
    }

    /// What to fork a kernel from that needs the first `after` modules: the zygote that imports packages, when it has all of
    /// them, or when any is needed. When that was tried and failed, only the former.
    pub(crate) async fn best_for(&self, after: usize, again: bool) -> Result<Origin, Arc<HostError>> {
        if let Some(preloaded) = &self.preloaded {
            let after = if again { 0 } else { after };
            let stage = preloaded.stage.borrow().clone();
            match stage {
                Stage::Ready(zygote) if after > 0 || zygote.has_all() => return Ok(Origin { zygote, after }),
                Stage::Starting if after > 0 => {
                    if let Ok(zygote) = preloaded.zygote().await {
                        return Ok(Origin { zygote, after });
                    }
                }
                Stage::Ready(_) | Stage::Starting | Stage::Failed(_) => {}
            }
        }
        self.plain().await
    }

    /// Waits until the packages are imported, or cannot be.
    pub(crate) async fn settled(&self) {
        if let Some(preloaded) = &self.preloaded
            && let Ok(zygote) = preloaded.zygote().await
        {
            zygote.comes_to_have_all().await;
        }
    }

    /// Ends both, and waits for their ends; also of one that is still being set up.
    pub(crate) async fn shutdown(&self) {
        let keepers = [Some(&self.plain), self.preloaded.as_ref()];
        futures::future::join_all(keepers.into_iter().flatten().map(Keeper::shutdown)).await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut() {
            task.abort();
        }
    }
}

impl Keeper {
    fn start(binary: PathBuf, setup: Setup) -> Self {
        let (show, stage) = watch::channel(Stage::Starting);
        let (close, closing) = watch::channel(false);
        Self { stage, close, task: Mutex::new(Some(tokio::spawn(keep(binary, setup, show, closing)))) }
    }

    async fn shutdown(&self) {
        self.close.send_replace(true);
        let task = self.task.lock().take();
        if let Some(task) = task {
            let _ = task.await;
        }
        let stage = self.stage.borrow().clone();
        if let Stage::Ready(zygote) = stage {
            zygote.shutdown().await;
        }
    }

    async fn zygote(&self) -> Result<Arc<Zygote>, Arc<HostError>> {
        let mut stage = self.stage.clone();
        let known = stage.wait_for(|stage| !matches!(stage, Stage::Starting)).await.map(|stage| stage.clone());
        match known {
            Ok(Stage::Ready(zygote)) => Ok(zygote),
            Ok(Stage::Failed(error)) => Err(error),
            Ok(Stage::Starting) | Err(_) => {
                Err(Arc::new(HostError::Silent { what: "is not kept any more", wrote: String::new() }))
            }
        }
    }
}

/// Starts a zygote, and starts it again whenever it is gone, until told to end.
async fn keep(binary: PathBuf, setup: Setup, show: watch::Sender<Stage>, mut closing: watch::Receiver<bool>) {
    let preload = setup.preload;
    let mut backoff = BACKOFF.0;
    loop {
        let began = Instant::now();
        match Zygote::start(&binary, setup.clone(), closing.clone()).await {
            Ok(zygote) => {
                tracing::info!(preload, python = %zygote.python, ms = millis(began.elapsed()), "zygote ready");
                let zygote = Arc::new(zygote);
                show.send_replace(Stage::Ready(Arc::clone(&zygote)));
                tokio::select! {
                    () = zygote.gone() => {}
                    () = is_stuck(&zygote, preload) => {}
                    _ = closing.wait_for(|closing| *closing) => return,
                }
                tracing::error!(preload, "zygote gone");
                show.send_replace(Stage::Starting);
                // Whoever waits for a fork is told so.
                zygote.shutdown().await;
            }
            Err(_) if *closing.borrow() => return,
            Err(error) => {
                tracing::error!(preload, error = chain(&error), "zygote not started");
                show.send_replace(Stage::Failed(Arc::new(error)));
            }
        }
        backoff = if began.elapsed() > WELL { BACKOFF.0 } else { (backoff * 2).min(BACKOFF.1) };
        tokio::select! {
            () = sleep(backoff) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

/// Waits until a zygote has been importing packages for too long; without end when it gets done.
async fn is_stuck(zygote: &Zygote, preload: bool) {
    let began = Instant::now();
    if !preload || timeout(IMPORT_TIME, zygote.comes_to_have_all()).await.is_ok() {
        if preload {
            tracing::info!(ms = millis(began.elapsed()), "packages imported");
        }
        return std::future::pending().await;
    }
    tracing::error!("importing packages takes too long");
}
