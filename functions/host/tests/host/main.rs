//! The host with real kernels, over storage in memory.
#![cfg(test)]

mod commands;
mod deaths;
mod files;
mod hostile;
mod output;
mod restoring;
mod start;
mod state;
mod store;
mod support;
mod sweep;
