//! The bearer token in the `Authorization` header (RFC 6750, section 2.1).

use axum::http::{HeaderMap, header::AUTHORIZATION};
use sandcastle::Secret;

/// The longest token, in bytes. API keys are far shorter; what is longer is not worth hashing.
const MAX_TOKEN_BYTES: usize = 4096;

/// The token, if there is exactly one `Authorization` header and it holds one.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    let one_word = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let good = scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_TOKEN_BYTES && one_word;
    good.then(|| Secret::new(token.to_owned()))
}
