//! Who calls: the bearer token of a request, and the key record that stands for it in the bucket.

mod authenticator;
mod bearer;

pub use authenticator::{AuthError, Authenticator, Clock};
pub(crate) use bearer::bearer_token;
