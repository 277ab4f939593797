//! `sandcastle serve`: starts the embedded S3, the host of kernels and the API, and stops them in order.

use std::{
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use sandcastle::service::{Sandcastles, Settings as ServiceSettings, Writers};
use sandcastle_execute::{App, Authenticator};
use sandcastle_host::{HostConfig, HostError, KernelHost};
use sandcastle_s3::{S3Config, S3Store};
use time::OffsetDateTime;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::{
    DataDir, DataDirError, EmbeddedS3, S3Error, Settings, Storage, address,
    banner::Banner,
    connections::{self, Patience},
    descriptors,
    dev_key::{DevKey, DevKeyError},
};

/// Kernels that are idle for so long are held against the ledger, where other servers share the bucket.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Time for calls in progress when the server is told to end.
const LAST_CALLS: Duration = Duration::from_secs(10);
/// Time for requests of the embedded S3 in progress when it ends.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// Why the server does not start, or does not end well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The limit on open descriptors is too low.
    #[error("at most {limit} descriptors may be open, which is too few: raise the limit with `ulimit -n 4096` or more")]
    Descriptors {
        /// The limit.
        limit: u64,
    },
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The embedded S3.
    #[error("start the embedded S3")]
    S3(#[from] S3Error),
    /// The API's address is in use, or not an address of this machine.
    #[error("listen on {address} (set PORT or HOST to choose another address)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The development key.
    #[error("prepare the development key")]
    DevKey(#[from] DevKeyError),
    /// The kernels.
    #[error("start the kernels")]
    Host(#[from] HostError),
    /// The kernel is not where it is expected.
    #[error("no kernel at {path}: build it with `make build`, or set SANDCASTLE_KERNEL to its path")]
    NoKernel {
        /// Where it is expected.
        path: PathBuf,
    },
    /// Signals cannot be received.
    #[error("wait for signals")]
    Signals(#[source] io::Error),
}

/// Serves until SIGINT or SIGTERM; the second one ends the process at once. `program_dir` is the folder of this program,
/// where the kernel and the packages are expected.
pub async fn serve(settings: Settings, program_dir: PathBuf) -> Result<(), ServeError> {
    let stopped = signals()?;
    descriptors::raise().map_err(|limit| ServeError::Descriptors { limit })?;
    let data = Arc::new(DataDir::open(&settings.data_dir)?);
    let run_dir = data.path().join("run");
    let mut host_config = host_config(&settings, &program_dir, run_dir.clone())?;
    let listening = TcpListener::bind(settings.address).await.and_then(|socket| Ok((socket.local_addr()?, socket)));
    let (address, socket) = listening.map_err(|source| ServeError::Listen { address: settings.address, source })?;
    let (embedded, store_config) = storage(&settings, &data).await?;
    let links = store_config.public_endpoint.as_ref().or(store_config.endpoint.as_ref()).cloned();
    let store = Arc::new(S3Store::connect(store_config).await);

    let writers = if embedded.is_some() { Writers::One } else { Writers::Several };
    host_config.sweep_every = (writers == Writers::Several).then_some(SWEEP_EVERY);
    let key = DevKey::find(&data, settings.api_key.clone())?;
    let started = async { Ok(KernelHost::start(host_config, store.clone()).await?) };
    let (host, ()) = tokio::try_join!(started, async { Ok::<_, ServeError>(key.ensure(store.as_ref()).await?) })?;
    let service = ServiceSettings { execution_limit: settings.execution_limit, writers, now: OffsetDateTime::now_utc };
    let sandcastles =
        Sandcastles::new(store.clone(), host.clone(), service).with_counted_limits(settings.allowed.counted);
    let authenticator = Authenticator::new(store, OffsetDateTime::now_utc).with_jwt(settings.jwt);
    let app = App::new(Arc::new(sandcastles), authenticator, None).with_limits(settings.allowed);

    let links = links.as_deref().unwrap_or("https://s3.amazonaws.com");
    let as_root = rustix::process::geteuid().is_root();
    let banner = Banner { url: &address::url(address), data_dir: data.path(), key: &key, links, as_root };
    // A closed standard output is not an error.
    drop(write!(io::stdout(), "{banner}"));
    run(socket, sandcastle_execute::router(Arc::new(app)), stopped).await;
    host.shutdown().await;
    if let Some(Err(error)) = end(embedded).await {
        tracing::warn!(%error, "the embedded S3 did not end cleanly");
    }
    if let Err(error) = std::fs::remove_dir_all(&run_dir) {
        tracing::warn!(%error, "the folder of the kernels could not be removed");
    }
    Ok(())
}

/// Serves requests until told to stop, then finishes those in progress.
async fn run(socket: TcpListener, router: axum::Router, stopped: impl Future<Output = ()> + Send + 'static) {
    let (closing, closed) = oneshot::channel::<()>();
    let stopped = async move {
        stopped.await;
        tracing::info!("shutting down; a second signal ends at once");
        drop(closing);
    };
    let server = connections::serve(socket, router, Patience::USUAL, stopped);
    let too_late = async {
        drop(closed.await);
        tokio::time::sleep(LAST_CALLS).await;
    };
    tokio::select! {
        () = server => {}
        () = too_late => tracing::warn!("calls that still run are abandoned"),
    }
}

async fn storage(settings: &Settings, data: &Arc<DataDir>) -> Result<(Option<EmbeddedS3>, S3Config), ServeError> {
    match &settings.storage {
        Storage::Remote(config) => {
            EmbeddedS3::forget(data)?;
            Ok((None, config.clone()))
        }
        Storage::Embedded { address } => {
            let embedded = EmbeddedS3::serve(Arc::clone(data), *address, |bucket| bucket).await?;
            let config = S3Config { public_endpoint: settings.public_endpoint.clone(), ..embedded.store_config() };
            Ok((Some(embedded), config))
        }
    }
}

fn host_config(settings: &Settings, program_dir: &Path, run_dir: PathBuf) -> Result<HostConfig, ServeError> {
    let kernel = settings.kernel.clone().unwrap_or_else(|| program_dir.join("sandcastle-kernel"));
    if !kernel.is_file() {
        return Err(ServeError::NoKernel { path: kernel });
    }
    let usual_packages = program_dir.join("../python/site-packages");
    let usual_packages = usual_packages.is_dir().then_some(usual_packages);
    if settings.site_packages.is_none() && usual_packages.is_none() {
        tracing::warn!(
            "no data packages: install them with `make packages`, or set SANDCASTLE_SITE_PACKAGES to their folder"
        );
    }
    let mut host = HostConfig::new(kernel, run_dir);
    host.python_home.clone_from(&settings.python_home);
    host.site_packages = settings.site_packages.clone().or(usual_packages);
    host.max_kernels = settings.max_kernels;
    host.limits.memory_bytes = settings.memory_bytes;
    host.disk_bytes = settings.disk_bytes;
    host.audit = settings.audit;
    host.required_steps = settings.jail.required_steps();
    Ok(host)
}

async fn end(embedded: Option<EmbeddedS3>) -> Option<Result<(), S3Error>> {
    tokio::time::timeout(LAST_REQUESTS, embedded?.shutdown()).await.ok()
}

/// Resolves at the first SIGINT or SIGTERM; the second one ends the process. Called first, so that signals count during the start.
fn signals() -> Result<impl Future<Output = ()> + Send + 'static, ServeError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let (first, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        drop(first);
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        process::exit(1);
    });
    Ok(async { drop(stopped.await) })
}
