//! One file for each route.

pub(in crate::http) mod connectors;
pub(in crate::http) mod exec;
pub(in crate::http) mod execute;
pub(in crate::http) mod executions;
pub(in crate::http) mod files;
pub(in crate::http) mod list;
pub(in crate::http) mod openapi;
pub(in crate::http) mod start;
pub(in crate::http) mod status;
pub(in crate::http) mod stop;
pub(in crate::http) mod uploads;
