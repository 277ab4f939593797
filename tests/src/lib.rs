//! What the tests share: a server started as a user starts it, and a client that speaks to it.

pub mod api;
pub mod faults;
pub mod here;
pub mod server;
