//! The local server: the production router and interpreter over an S3 in the same process. A library, so that tests can
//! use the same S3.

mod data_dir;
mod embedded;

pub use data_dir::{DataDir, DataDirError};
pub use embedded::{BUCKET, EmbeddedS3, LocalBucket, S3Error};
