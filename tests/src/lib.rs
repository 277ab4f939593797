//! What the tests share: a server started as a user starts it, and a client that speaks to it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod api;
pub mod cloud;
pub mod faults;
pub mod here;
pub mod server;
