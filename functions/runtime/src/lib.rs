//! Shared by every program of this workspace: settings, logging, error texts, metrics, counts, and Lambda's init and shutdown phases.
//! It knows nothing of sandboxes, and imports no other crate of the workspace.

pub mod lambda;
pub mod logging;
pub mod settings;

mod counts;
mod error_chain;
mod human;
mod metrics;
mod time;

pub use counts::{Counted, Counts};
pub use error_chain::chain;
pub use metrics::COLD_STARTS;
pub use time::millis;
