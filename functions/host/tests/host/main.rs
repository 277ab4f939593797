//! The host with real kernels, over storage in memory.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod deaths;
mod files;
mod hostile;
mod output;
mod start;
mod state;
mod store;
mod support;
