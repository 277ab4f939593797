//! Extractors. Every rejection is an [`ApiError`](super::ApiError), which becomes the envelope.
//!
//! Handlers name [`Caller`] first, so that nothing else of a request is read before the caller is authenticated.

mod body;
mod caller;
mod deadline;
mod idempotency;
mod page;
mod run;
mod sandbox;

pub(in crate::http) use body::JsonText;
pub(in crate::http) use caller::{Caller, KeyName, RateLimitSlot};
pub(in crate::http) use deadline::Deadline;
pub(in crate::http) use idempotency::IdempotencyHeader;
pub(in crate::http) use page::{PageQuery, parse_query};
pub(in crate::http) use run::{Run, RunCall};
pub(in crate::http) use sandbox::SandboxPath;
