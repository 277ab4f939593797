//! The `sandcastle` command as a library: the local server (the router of ExecuteFunction and a host of kernels over an
//! embedded S3), API keys, and the check of a Python layer. Tests use its S3.

mod address;
mod banner;
mod connections;
mod data_dir;
mod descriptors;
mod dev_key;
mod embedded;
pub mod keys;
pub mod layer;
mod serve;
mod settings;
pub mod subordinate;
mod table;

pub use data_dir::{DataDir, DataDirError};
pub use dev_key::DevKeyError;
pub use embedded::{BUCKET, EmbeddedS3, LocalBucket, S3Error};
pub use serve::{ServeError, serve};
pub use settings::{Settings, Storage};
pub use table::{SETTINGS, settings_help};
