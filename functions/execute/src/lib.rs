//! ExecuteFunction as a library: the HTTP routes over the domain, authentication by API keys and JSON Web Tokens, limits on
//! callers, and Lambda's events.
//!
//! `bootstrap` runs it on Lambda with [`Events`]; `sandcastle serve` serves the same [`router`] on a socket.

mod app;
mod auth;
pub mod config;
mod detached;
mod error;
mod events;
mod http;
mod json;
mod limits;
mod request_id;
pub mod settings;

pub use app::App;
pub use auth::{AuthError, Authenticator, Clock, JwtSettings, Key, KeySource, NoKeys, jwt_settings};
pub use events::{EventSettings, Events, Reply};
pub use http::router;
pub use limits::{Allowance, Limits};
