//! Names of owners, of variables, and of Python's versions.

use crate::{IdError, limits::MAX_NAME_BYTES};

super::text_value!(
    /// The name of an organisation or a member: 1 to 32 characters of `A–Z a–z 0–9 . _`, so that it fits into keys. A hyphen
    /// separates the parts of a marker's key and is therefore not allowed.
    Name,
    IdError,
    check_name
);

super::text_value!(
    /// A top-level name of Python: 1 to [`MAX_NAME_BYTES`] bytes without NUL. Any text of that kind can be one, since code may
    /// write to `globals()`.
    VariableName,
    IdError,
    check_variable
);

super::text_value!(
    /// A version of Python, such as `3.13.0`: at most 64 visible ASCII characters; empty when none has run yet.
    RuntimeVersion,
    IdError,
    check_version
);

impl RuntimeVersion {
    /// Of a sandbox in which nothing has run yet.
    pub fn none() -> Self {
        Self("".into())
    }
}

fn check_name(text: &str) -> Result<(), IdError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let good = (1..=32).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.');
    if good { Ok(()) } else { Err(IdError { what: "name (1 to 32 of A-Z a-z 0-9 . _)" }) }
}

fn check_variable(text: &str) -> Result<(), IdError> {
    let good = (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.contains('\0');
    if good { Ok(()) } else { Err(IdError { what: "variable name" }) }
}

fn check_version(text: &str) -> Result<(), IdError> {
    let good = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(()) } else { Err(IdError { what: "version of Python" }) }
}
