//! JSON Web Tokens of an identity provider (RFC 7519, RFC 9068): verifies a token and resolves its claims to a principal.

mod cache;
mod claims;
mod crypto;
mod fetch;
mod keys;
mod names;
mod settings;
mod strict;

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Header, Validation};
use sandcastle::Principal;

use self::{cache::KeyCache, claims::Claims};
use super::Clock;

pub use self::{
    cache::NoKeys,
    keys::Key,
    settings::{JwtSettings, KeySource, jwt_settings},
};

/// The longest token, in bytes. Tokens of identity providers have 1 to 3 KiB.
pub(super) const MAX_BYTES: usize = 8192;

/// Verifies tokens.
pub(super) struct Jwt {
    settings: JwtSettings,
    keys: Arc<KeyCache>,
    now: Clock,
}

/// True when a token has the form of a signed JWT: three parts in base64url.
pub(super) fn has_form(token: &str) -> bool {
    let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let part = |part: &str| !part.is_empty() && part.bytes().all(base64url);
    token.len() <= MAX_BYTES && token.split('.').count() == 3 && token.split('.').all(part)
}

impl Jwt {
    pub(super) fn new(settings: JwtSettings, now: Clock) -> Self {
        crypto::install();
        let keys = Arc::new(KeyCache::new(settings.keys.clone(), now));
        Self { settings, keys, now }
    }

    /// The caller; `None` when the token is not valid. The caller does not learn why.
    ///
    /// # Errors
    /// When no keys have been fetched yet.
    pub(super) async fn principal(&self, token: &str) -> Result<Option<Principal>, NoKeys> {
        let Some(header) = jsonwebtoken::decode_header(token).ok().filter(is_understood) else { return Ok(None) };
        // The token's algorithm only selects the key. The signature is verified with the key's own algorithm, so that a
        // public RSA key can never serve as the secret of an HMAC. Keys and URLs of keys in the header are ignored.
        let Some(key) = self.keys.find(header.kid.as_deref(), header.alg).await? else { return Ok(None) };
        let Some(decoding) = key.decoding() else { return Ok(None) };
        let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &only_signature(key.algorithm));
        let now = (self.now)();
        Ok(claims.ok().and_then(|token| token.claims.principal(&self.settings, now)))
    }
}

/// True for an access token or a plain JWT without extensions: a token with an unknown extension in `crit` must be refused
/// (RFC 7515, section 4.1.11).
fn is_understood(header: &Header) -> bool {
    let known = ["JWT", "at+jwt", "application/at+jwt"];
    let typ = header.typ.as_deref().is_none_or(|typ| known.iter().any(|known| known.eq_ignore_ascii_case(typ)));
    typ && header.crit.is_none()
}

/// Has `jsonwebtoken` verify the signature only. [`Claims`] checks the claims: `jsonwebtoken` 11 uses the system's clock, and
/// accepts tokens without the claims that are required here.
fn only_signature(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation
}
