//! Kernels: the zygotes that they are forked from, the processes themselves, their folders, and who may have one.

mod exit;
pub(crate) mod family;
mod instance;
mod nameless;
pub(crate) mod nursery;
mod pipe;
pub(crate) mod pool;
pub(crate) mod processes;
pub(crate) mod processors;
mod reaper;
mod share;
pub(crate) mod slot;
pub(crate) mod sockets;
pub(crate) mod usage;
mod user_ids;
pub(crate) mod wire;
mod zygote;

pub(crate) use instance::{Kernel, ProgramCell, StartError};
pub(crate) use pipe::drain;
pub(crate) use reaper::{Ending, reap};
