//! Finding the bucket that a command on keys is about: a running server's, the data folder's own, or a remote one.

use std::net::{Ipv4Addr, SocketAddr};

use sandcastle_s3::{S3Config, S3Store};

use crate::{DataDirError, EmbeddedS3, S3Error, Settings, Storage};

/// Why the bucket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The embedded S3.
    #[error("open the local store")]
    Embedded(#[from] S3Error),
    /// The server that uses the data folder keeps its data elsewhere.
    #[error(
        "the server on this data folder has its keys in another bucket: name it with --bucket, and S3_ENDPOINT if it has one"
    )]
    Elsewhere,
}

/// An open bucket.
pub struct Opened {
    /// The bucket.
    pub store: S3Store,
    embedded: Option<EmbeddedS3>,
}

impl Opened {
    /// Opens the bucket that the settings, or a name on the command line, tell.
    pub async fn new(settings: &Settings, bucket: Option<String>) -> Result<Self, OpenError> {
        match (&settings.storage, bucket) {
            (Storage::Remote(config), bucket) => {
                let bucket = bucket.unwrap_or_else(|| config.bucket.clone());
                Ok(Self::remote(S3Config { bucket, ..config.clone() }).await)
            }
            (Storage::Embedded { .. }, Some(bucket)) => {
                Ok(Self::remote(S3Config { bucket, ..S3Config::default() }).await)
            }
            (Storage::Embedded { .. }, None) => Self::local(settings).await,
        }
    }

    async fn remote(config: S3Config) -> Self {
        Self { store: S3Store::connect(config).await, embedded: None }
    }

    /// Without a server, an S3 of this process does, for the moment and on a port that nobody knows.
    async fn local(settings: &Settings) -> Result<Self, OpenError> {
        let any_port = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        match EmbeddedS3::start(&settings.data_dir, any_port).await {
            Ok(embedded) => {
                let store = S3Store::connect(embedded.store_config()).await;
                Ok(Self { store, embedded: Some(embedded) })
            }
            Err(S3Error::DataDir(DataDirError::InUse { .. })) => {
                let running = EmbeddedS3::of_running_server(&settings.data_dir)?;
                Ok(Self::remote(running.ok_or(OpenError::Elsewhere)?).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Closes it, and lets go of the data folder.
    pub async fn close(self) -> Result<(), OpenError> {
        match self.embedded {
            Some(embedded) => Ok(embedded.shutdown().await?),
            None => Ok(()),
        }
    }
}
