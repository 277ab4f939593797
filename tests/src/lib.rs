//! What the tests share: a server started as a user starts it, the functions as Lambda runs them, stand-ins for the AWS
//! services around them, and clients.

pub mod api;
mod authorizer;
pub mod bucket;
pub mod cases;
pub mod deployment;
pub mod emulator;
pub mod fake_lambda;
pub mod fake_sts;
pub mod faults;
pub mod gateway;
pub mod iam;
pub mod iam_s3;
pub mod isolation;
pub mod objects;
pub mod paths;
pub mod process;
mod rest;
mod s3_access;
pub mod s3_faults;
pub mod s3_proxy;
pub mod s3_request;
pub mod s3_watch;
mod serve;
pub mod server;
