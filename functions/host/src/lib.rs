//! The host of kernels: starts them from zygotes, keeps one per sandbox, runs code in them within its limits, and
//! stores the working files that a job leaves behind.
//!
//! Everything that a kernel says or leaves in its folder is hostile input here. The host believes no size, path or id of
//! it, bounds every frame and every wait, and outlives any death of a kernel.

mod config;
mod error;
mod folder;
pub mod hidden;
mod kernel;
mod kernel_host;
mod limits;
mod run;
mod run_dir;
mod text;
mod variables;

pub mod settings;

pub use config::HostConfig;
pub use error::HostError;
pub use kernel_host::KernelHost;
