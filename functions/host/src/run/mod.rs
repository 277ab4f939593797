//! Running a job's code or command, and what that comes to.

pub(crate) mod alarm;
pub(crate) mod code;
pub(crate) mod command;
mod conversation;
pub(crate) mod guard;
pub(crate) mod outcome;
mod output;
pub(crate) mod start_state;
