//! Drives the real kernel binary over its real sockets, as the host does.

mod confinement;
mod errors;
mod figures;
mod frames;
mod host;
mod limit;
mod output;
mod packages;
mod state;
