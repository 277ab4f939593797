//! Turns the text of a claim into a name that can be part of an object key.

use ring::digest;
use sandcastle::Name;

/// Prefix of derived names, and of no other name from this module.
const DERIVED: &str = "j_";
/// Bytes of the hash that a derived name keeps.
const DERIVED_BYTES: usize = 15;

/// The name for a claim's text: the text itself where it is a valid name, else a derived one. `None` for an empty text.
///
/// Two texts never share a name, even if an attacker chooses one of them. A text that is used as it is does not begin with
/// `j_`. Every derived name does, and a text that begins with `j_` is hashed too: so a `sub` of `j_…` does not become the
/// member with that derived name. To hit a given derived name takes a second preimage of 120 bits of SHA-256. Two texts of
/// the attacker's own that collide can be found in 2^60 steps, and gain nothing.
pub(super) fn name(text: &str) -> Option<Name> {
    if text.is_empty() {
        return None;
    }
    if let Some(name) = Name::parse(text).ok().filter(|_| !text.starts_with(DERIVED)) {
        return Some(name);
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let kept = digest.as_ref().get(..DERIVED_BYTES)?;
    Name::parse(format!("{DERIVED}{}", hex::encode(kept))).ok()
}
