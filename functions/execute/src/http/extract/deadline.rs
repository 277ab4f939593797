//! The deadline of a call.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::App;

/// The time by which a call must be answered, set when it arrived.
#[derive(Clone, Copy)]
pub(in crate::http) struct Deadline(pub(in crate::http) Instant);

impl FromRequestParts<Arc<App>> for Deadline {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let set = parts.extensions.get::<Self>().copied();
        Ok(set.unwrap_or_else(|| Self(app.deadline(Instant::now(), None))))
    }
}
