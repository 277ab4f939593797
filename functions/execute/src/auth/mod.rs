//! Who calls: the bearer token of a request, which is an API key with a record in the bucket, or a JSON Web Token.

mod authenticator;
mod bearer;
mod jwt;

pub(crate) use authenticator::Known;
pub use authenticator::{AuthError, Authenticator, Clock};
pub(crate) use bearer::bearer_token;
pub use jwt::{JwtSettings, Key, KeySource, NoKeys, jwt_settings};

use crate::error::{ApiError, Kind};

/// What every API key begins with that was made here.
const API_KEY_PREFIX: &str = "tql_";

/// The one answer to a token that is not good, whatever is wrong with it.
pub(crate) fn bad_token() -> ApiError {
    ApiError::new(Kind::Unauthenticated, "the token is unknown, invalid or has expired")
}
