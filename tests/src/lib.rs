//! What the tests share: a server started as a user starts it, the functions as Lambda runs them, and clients of both.

pub mod api;
pub mod cases;
pub mod cloud;
pub mod deployment;
mod door;
pub mod emulator;
pub mod faults;
pub mod front;
pub mod gateway;
pub mod here;
pub mod iam;
pub mod memory;
pub mod objects;
pub mod place;
mod rest;
pub mod server;
