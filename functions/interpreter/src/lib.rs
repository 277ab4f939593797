//! The host of kernels: starts them from zygotes, keeps one per sandbox, runs code in them within its limits, and
//! stores the working files that a run leaves behind.
//!
//! Everything that a kernel says or leaves in its folder is hostile input here. The host believes no size, path or id of
//! it, bounds every frame and every wait, and outlives any death of a kernel.

mod command;
mod config;
mod folder;
mod function;
mod host;
mod kernel;
pub mod lambda;
pub mod logging;
mod lookup;
mod metrics;
mod mime;
mod modes;
mod outcome;
mod output;
mod pool;
mod processes;
mod run;
mod slot;
mod text;
mod wire;
mod zygote;

pub mod settings;

pub use config::{HostConfig, HostError};
pub use function::Function;
pub use host::KernelHost;
