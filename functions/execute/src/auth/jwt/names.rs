//! From the text of a claim to a name that fits into keys of the bucket.

use ring::digest;
use sandcastle::Name;

/// What a derived name begins with, and no other name that comes from here.
const DERIVED: &str = "j_";
/// Bytes of the hash that a derived name keeps.
const DERIVED_BYTES: usize = 15;

/// The name that stands for a claim's text: the text itself where it can be one, else a derived one.
///
/// Two texts never share a name, even if a caller chooses one of them. A text that is kept is its own name, and does not
/// begin with `j_`; every derived name does, because a text with that beginning is hashed as well: `j_…` as a `sub` is
/// not the member whose derived name that is. To hit a given derived name takes a text with the same 120 bits of
/// SHA-256, a second preimage. Two texts of one's own that collide can be made in 2^60 steps, and win nothing.
pub(super) fn name(text: &str) -> Option<Name> {
    if text.is_empty() {
        return None;
    }
    if let Some(name) = Name::parse(text).ok().filter(|_| !text.starts_with(DERIVED)) {
        return Some(name);
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let kept = digest.as_ref().get(..DERIVED_BYTES)?;
    Name::parse(&format!("{DERIVED}{}", hex::encode(kept))).ok()
}
