//! JSON Web Tokens of an identity provider (RFC 7519, RFC 9068): from a signed token to the principal that its claims
//! name.

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

/// The longest token, in bytes. Those of identity providers have 1 to 3 KiB.
pub(super) const MAX_BYTES: usize = 8192;

/// Checks tokens.
pub(super) struct Jwt {
    settings: JwtSettings,
    keys: Arc<KeyCache>,
    now: Clock,
}

/// True when a token has the form of a signed one: three parts in base64url.
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

    /// The caller; `None` when the token is not to be believed, whatever the reason: who sends it need not learn that.
    ///
    /// # Errors
    /// When no keys could be fetched yet.
    pub(super) async fn principal(&self, token: &str) -> Result<Option<Principal>, NoKeys> {
        let Some(header) = jsonwebtoken::decode_header(token).ok().filter(is_understood) else { return Ok(None) };
        // The token's algorithm only helps to find the key. What is checked is the key's own: a public RSA key can
        // never be taken for the secret of an HMAC. Keys and links to keys in the header are not looked at.
        let Some(key) = self.keys.find(header.kid.as_deref(), header.alg).await? else { return Ok(None) };
        let Some(decoding) = key.decoding() else { return Ok(None) };
        let claims = jsonwebtoken::decode::<Claims>(token, &decoding, &only_signature(key.algorithm));
        let now = (self.now)();
        Ok(claims.ok().and_then(|token| token.claims.principal(&self.settings, now)))
    }
}

/// True for an access token or a plain JWT that asks for no extension: whoever gets `crit` and does not know what it
/// names has to refuse (RFC 7515, section 4.1.11).
fn is_understood(header: &Header) -> bool {
    let known = ["JWT", "at+jwt", "application/at+jwt"];
    let typ = header.typ.as_deref().is_none_or(|typ| known.iter().any(|known| known.eq_ignore_ascii_case(typ)));
    typ && header.crit.is_none()
}

/// The library checks the signature. The claims are held to the settings by [`Claims`]: the library would do that by
/// the system's clock, and passes tokens that lack what is asked for.
fn only_signature(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation
}
