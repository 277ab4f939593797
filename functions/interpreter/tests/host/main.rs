//! The host with real kernels, over storage in memory.

mod deaths;
mod files;
mod hostile;
mod output;
mod state;
mod store;
mod support;
