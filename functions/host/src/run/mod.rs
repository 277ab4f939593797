//! Running a job's code or command, and what that comes to.

pub(crate) mod code;
pub(crate) mod command;
pub(crate) mod outcome;
mod output;
pub(crate) mod restore_variables;
pub(crate) mod start_state;
pub(crate) mod variables;
