//! Why the embedded S3 does not run.

use std::{io, net::SocketAddr, path::PathBuf};

use crate::DataDirError;

/// Why the embedded S3 does not run.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The file of its credentials is malformed.
    #[error("read the credentials of the embedded S3")]
    Credentials(#[source] serde_json::Error),
    /// The bucket's folder cannot be opened.
    #[error("open the bucket's folder {path}")]
    Bucket {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address is in use, or not an address of this machine.
    #[error("listen on {address} for S3 requests (set S3_PORT to choose another port)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}
