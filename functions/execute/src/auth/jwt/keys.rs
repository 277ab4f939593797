//! The keys of a JSON Web Key Set (RFC 7517) that can verify signatures.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A public key and its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub(super) algorithm: Algorithm,
    jwk: Jwk,
}

#[derive(Deserialize)]
struct KeySet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// The usable keys of a set. Keys of other types, for encryption, or malformed are ignored, as RFC 7517 requires (section 5).
///
/// # Errors
/// When it is not a key set.
pub(super) fn read(json: &[u8]) -> Result<Vec<Key>, serde_json::Error> {
    let set: KeySet<'_> = serde_json::from_slice(json)?;
    Ok(set.keys.iter().filter_map(|key| Key::usable(serde_json::from_str(key.get()).ok()?)).collect())
}

impl Key {
    fn usable(jwk: Jwk) -> Option<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            // In particular symmetric keys: whoever can read them can sign with them.
            _ => return None,
        };
        let about = &jwk.common;
        let agrees = about.key_algorithm.is_none_or(|named| named == algorithm.into());
        let signs = about.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let verifies = about.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        let key = Self { algorithm, jwk };
        (agrees && signs && verifies && key.decoding().is_some()).then_some(key)
    }

    /// True for the key that a token with this header names. A token without `kid` matches only a key without one.
    pub(super) fn fits(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        self.algorithm == algorithm && self.jwk.common.key_id.as_deref() == kid
    }

    pub(super) fn decoding(&self) -> Option<DecodingKey> {
        DecodingKey::from_jwk(&self.jwk).ok()
    }
}
