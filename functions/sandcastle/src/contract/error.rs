//! The error envelope.

use serde::Serialize;

/// The error envelope.
#[derive(Debug, Serialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub struct ErrorDetail {
    /// For programs.
    pub code: &'static str,
    /// For people: what to do about it, and nothing of the inside.
    pub message: String,
}
