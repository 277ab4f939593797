//! The bearer token in the `Authorization` header (RFC 6750, section 2.1).

use axum::http::{HeaderMap, header::AUTHORIZATION};
use sandcastle::Secret;

use super::jwt;

/// Prefix of every API key that Sandcastle makes.
pub(super) const API_KEY_PREFIX: &str = "tql_";

/// The longest API key, in bytes. Longer tokens are refused without hashing them.
const MAX_KEY_BYTES: usize = 4096;

/// The token, if there is exactly one `Authorization` header with a valid one.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let one_word = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let longest = if token.starts_with(API_KEY_PREFIX) { MAX_KEY_BYTES } else { jwt::MAX_BYTES };
    let good = scheme.eq_ignore_ascii_case("bearer") && token.len() <= longest && one_word;
    good.then(|| Secret::new(token.to_owned()))
}
