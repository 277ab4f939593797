//! Content types.

use crate::IdError;

/// The longest, in bytes.
const MAX_BYTES: usize = 128;

super::text_value!(
    /// A content type, `type/subtype` without parameters: it becomes a header.
    MimeType,
    IdError,
    check
);

impl MimeType {
    /// Of bytes that nothing is known of.
    pub fn unknown() -> Self {
        Self("application/octet-stream".into())
    }
}

fn check(text: &str) -> Result<(), IdError> {
    // RFC 6838, section 4.2.
    let token = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.bytes().all(plain)
    };
    let good = text.len() <= MAX_BYTES && text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if good { Ok(()) } else { Err(IdError { what: "content type" }) }
}
