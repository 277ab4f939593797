//! Authentication: the bearer token of a request is an API key with a record in the bucket, or a JSON Web Token.

mod authenticator;
mod bearer;
mod clock;
mod jwt;

pub(crate) use authenticator::Known;
pub use authenticator::{AuthError, Authenticator};
pub(crate) use bearer::bearer_token;
pub use clock::Clock;
pub use jwt::{JwtSettings, Key, KeySource, NoKeys, jwt_settings};
