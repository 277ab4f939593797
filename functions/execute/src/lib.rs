//! The execute endpoint: HTTP routes over the domain, authentication by API keys in the bucket, and the Lambda handler.
//!
//! `bootstrap` runs it on Lambda; `sandcastle serve` mounts the same [`router`] on a socket.

mod app;
mod auth;
pub mod config;
mod http;
pub mod lambda;
pub mod logging;

pub use app::App;
pub use auth::{AuthError, Authenticator, Clock};
pub use http::router;
