//! What every program of this workspace shares and that knows nothing of sandboxes: settings, logging, error texts, metrics,
//! and Lambda's init and shutdown phases. It imports nothing local.

pub mod lambda;
pub mod logging;
pub mod settings;

mod error_chain;
mod metrics;
mod time;

pub use error_chain::chain;
pub use metrics::COLD_STARTS;
pub use time::millis;
