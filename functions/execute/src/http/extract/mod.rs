//! What handlers take from a request. Every rejection is an [`ApiError`](super::ApiError), and so in the envelope.
//!
//! Handlers name [`Caller`] first: nothing about a request is looked at before it is known who calls.

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
pub(in crate::http) use idempotency::IdempotencyKey;
pub(crate) use idempotency::is_idempotency_key;
pub(in crate::http) use page::{PageQuery, parse_query};
pub(in crate::http) use run::{Run, RunCall};
pub(in crate::http) use sandbox::SandboxPath;
