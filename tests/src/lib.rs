//! What the tests share: a server started as a user starts it, the functions as Lambda runs them, and clients of both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod api;
pub mod cases;
pub mod cloud;
pub mod deployment;
pub mod emulator;
pub mod faults;
pub mod gateway;
pub mod here;
mod rest;
pub mod server;
