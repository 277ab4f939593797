//! Opens the bucket that a command on keys works on: of a running server, of a data folder, or a remote one.

use std::net::{Ipv4Addr, SocketAddr};

use sandcastle_s3::{S3Config, S3Store};

use crate::{DataDirError, EmbeddedS3, S3Error, Settings, Storage};

/// Why the bucket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The embedded S3.
    #[error("open the data folder")]
    Embedded(#[from] S3Error),
    /// The server on the data folder keeps its data in another bucket.
    #[error(
        "the server on this data folder keeps its keys in another bucket: pass --bucket, and set S3_ENDPOINT if the server has it set"
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
    /// Opens the bucket of the settings, or the one named on the command line.
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

    /// Starts an embedded S3 on a free port, or uses that of the running server.
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

    /// Closes it and unlocks the data folder.
    pub async fn close(self) -> Result<(), OpenError> {
        match self.embedded {
            Some(embedded) => Ok(embedded.shutdown().await?),
            None => Ok(()),
        }
    }
}
