//! The storage port over Amazon S3 and what speaks its protocol. No other crate uses the AWS SDK for data.

mod body;
mod client;
mod disposition;
mod errors;
mod presign;
mod store;

pub use client::{S3Config, S3Store, StaticCredentials};
