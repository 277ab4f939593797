//! What a job runs in a kernel's cell, and what comes of it.

pub(crate) mod code;
pub(crate) mod command;
pub(crate) mod outcome;
mod output;
