//! Idempotency keys.

use crate::{IdError, limits::MAX_IDEMPOTENCY_KEY_BYTES};

super::text_value!(
    /// What makes a repeated call the same one: 1 to [`MAX_IDEMPOTENCY_KEY_BYTES`] visible ASCII characters.
    IdempotencyKey,
    IdError,
    check
);

fn check(text: &str) -> Result<(), IdError> {
    let good =
        (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Ok(()) } else { Err(IdError { what: "idempotency key" }) }
}
