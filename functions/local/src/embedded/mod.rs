//! The embedded S3: s3s implements the protocol and verifies signatures; objects are files.
//!
//! Not s3s-fs: its PUT takes two to four times as long (it writes three files in turn, each with several thread switches),
//! checks `If-None-Match` and writes in two steps, and answers `NoSuchKey` when too many files are open.

mod bucket;
mod credentials;
mod error;
mod list;
mod names;
mod objects;

use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::{Router, error_handling::HandleError, http::StatusCode};
use futures::future::BoxFuture;
use s3s::{HttpError, S3, auth::SimpleAuth, service::S3ServiceBuilder};
use sandcastle_s3::{S3Config, StaticCredentials};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    DataDir, DataDirError, address,
    connections::{self, Patience},
};

pub use bucket::LocalBucket;
pub use error::S3Error;
pub use names::BUCKET;

/// File in the data folder with the address of the running server's S3.
const ENDPOINT_FILE: &str = "s3-endpoint";

/// A running S3 with one bucket. Dropping it stops it without waiting; [`EmbeddedS3::shutdown`] waits.
#[derive(Debug)]
pub struct EmbeddedS3 {
    data: Arc<DataDir>,
    address: SocketAddr,
    credentials: StaticCredentials,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl EmbeddedS3 {
    /// Locks the data folder and serves its bucket at this address. Port 0 chooses a free port.
    pub async fn start(data_dir: &Path, address: SocketAddr) -> Result<Self, S3Error> {
        Self::start_with(data_dir, address, |bucket| bucket).await
    }

    /// [`EmbeddedS3::start`] with a layer over the bucket that may delay, fail or refuse its operations.
    pub async fn start_with<L: S3>(
        data_dir: &Path,
        address: SocketAddr,
        layer: impl FnOnce(LocalBucket) -> L,
    ) -> Result<Self, S3Error> {
        Self::serve(Arc::new(DataDir::open(data_dir)?), address, layer).await
    }

    /// [`EmbeddedS3::start_with`] in a folder that is locked already.
    pub async fn serve<L: S3>(
        data: Arc<DataDir>,
        address: SocketAddr,
        layer: impl FnOnce(LocalBucket) -> L,
    ) -> Result<Self, S3Error> {
        let credentials = credentials::load_or_create(&data)?;
        let bucket = LocalBucket::open(&data.folder("s3", 0o700)?)?;
        listen(data, address, credentials, S3ServiceBuilder::new(layer(bucket))).await
    }

    /// Its URL on this machine.
    pub fn endpoint(&self) -> String {
        address::url(self.address)
    }

    /// The only credentials that it accepts.
    pub fn credentials(&self) -> &StaticCredentials {
        &self.credentials
    }

    /// The name of its bucket.
    pub fn bucket(&self) -> &str {
        BUCKET
    }

    /// The settings of a client for it.
    pub fn store_config(&self) -> S3Config {
        store_config(self.endpoint(), self.credentials.clone())
    }

    /// The settings of a client for the S3 of the server that runs on this data folder; `None` when it has none.
    pub fn of_running_server(data_dir: &Path) -> Result<Option<S3Config>, S3Error> {
        let (endpoint, credentials) = (DataDir::read(data_dir, ENDPOINT_FILE)?, credentials::load(data_dir)?);
        Ok(endpoint.zip(credentials).map(|(endpoint, credentials)| store_config(endpoint, credentials)))
    }

    /// Removes the address that a killed server left in the data folder.
    pub(crate) fn forget(data: &DataDir) -> Result<(), DataDirError> {
        data.remove(ENDPOINT_FILE)
    }

    /// Answers the requests in progress, refuses new ones, and unlocks the data folder.
    pub async fn shutdown(mut self) -> Result<(), S3Error> {
        drop(self.stop.take());
        // The panic hook has logged a panic of the task.
        drop((&mut self.server).await);
        Ok(self.data.remove(ENDPOINT_FILE)?)
    }
}

impl Drop for EmbeddedS3 {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn store_config(endpoint: String, credentials: StaticCredentials) -> S3Config {
    S3Config {
        bucket: BUCKET.to_owned(),
        endpoint: Some(endpoint),
        credentials: Some(credentials),
        ..S3Config::default()
    }
}

/// Boxed, and for any bucket, so that the compiler translates a server once, and not for each crate that starts one.
fn listen(
    data: Arc<DataDir>,
    address: SocketAddr,
    credentials: StaticCredentials,
    bucket: S3ServiceBuilder,
) -> BoxFuture<'static, Result<EmbeddedS3, S3Error>> {
    Box::pin(async move {
        let listener = TcpListener::bind(address).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listener.map_err(|source| S3Error::Listen { address, source })?;
        let router = router(bucket, &credentials);
        let (stop, stopped) = oneshot::channel::<()>();
        let server =
            tokio::spawn(connections::serve(listener, router, Patience::USUAL, async move { drop(stopped.await) }));
        let running = EmbeddedS3 { data, address, credentials, stop: Some(stop), server };
        running.data.write_secret(ENDPOINT_FILE, &running.endpoint())?;
        Ok(running)
    })
}

fn router(mut bucket: S3ServiceBuilder, credentials: &StaticCredentials) -> Router {
    bucket.set_auth(SimpleAuth::from_single(&*credentials.key_id, &*credentials.secret));
    let service = HandleError::new(bucket.build(), |error: HttpError| async move {
        tracing::error!(?error, "the embedded S3 could not answer");
        StatusCode::INTERNAL_SERVER_ERROR
    });
    Router::new().fallback_service(service)
}
