//! Logs to standard error: one line per event, with the id of its request.

use std::{io, panic};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{EnvFilter, Layer, Registry, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt};

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Human,
    /// One JSON object per line.
    Json,
}

/// Why logging was not set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is not of the form `level` or `target=level,…`.
    #[error("malformed log filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// It was set up before.
    #[error("set logging up")]
    Init(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets logging up for the process, and makes panics lines of the log. `filter` is in the syntax of `RUST_LOG`.
///
/// # Errors
/// When the filter is malformed, or logging is set up already.
pub fn init(format: Format, filter: &str) -> Result<(), LoggingError> {
    tracing::subscriber::set_global_default(subscriber(format, filter, io::stderr)?)?;
    // Where, but not what: the text of a panic can quote code or output.
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panicked");
    }));
    Ok(())
}

/// What [`init`] installs, writing elsewhere.
///
/// # Errors
/// When the filter is malformed.
pub fn subscriber<W>(format: Format, filter: &str, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        Format::Human => lines.with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let filter = EnvFilter::try_new(filter)?;
    Ok(Box::new(Registry::default().with(lines.with_filter(filter_fn(is_harmless))).with(filter)))
}

/// Libraries' lines below `info` show requests and answers: headers with tokens, bodies with code. No filter brings
/// them back.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("sandcastle") || metadata.target() == "bootstrap" || *metadata.level() <= Level::INFO
}
