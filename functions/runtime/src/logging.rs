//! Logs to standard error: one line per event, with the id of its request. On Lambda also metrics, to standard output.

use std::{io, panic};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::FilterExt, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt,
};

use crate::metrics::{Metrics, counts};

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
    install(subscriber(format, filter, io::stderr)?)
}

/// As [`init`], for a function on Lambda: JSON, and what is counted becomes metrics of this function.
///
/// # Errors
/// When the filter is malformed, or logging is set up already.
pub fn init_on_lambda(filter: &str, function: &str) -> Result<(), LoggingError> {
    install(subscriber_on_lambda(filter, function, io::stderr, io::stdout)?)
}

fn install(subscriber: Box<dyn Subscriber + Send + Sync>) -> Result<(), LoggingError> {
    tracing::subscriber::set_global_default(subscriber)?;
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
    Ok(Box::new(Registry::default().with(lines(format, filter, writer)?)))
}

/// What [`init_on_lambda`] installs, writing elsewhere. No filter takes the metrics away.
///
/// # Errors
/// When the filter is malformed.
pub fn subscriber_on_lambda<W, M>(
    filter: &str,
    function: &str,
    writer: W,
    metrics: M,
) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    M: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let counted = Metrics::new(function, metrics).with_filter(filter_fn(counts));
    Ok(Box::new(Registry::default().with(lines(Format::Json, filter, writer)?).with(counted)))
}

fn lines<W>(format: Format, filter: &str, writer: W) -> Result<impl Layer<Registry> + Send + Sync, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        Format::Human => lines.with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    Ok(lines.with_filter(EnvFilter::try_new(filter)?.and(filter_fn(is_harmless))))
}

/// Libraries' lines below `info` show requests and answers: headers with tokens, bodies with code. No filter brings
/// them back.
fn is_harmless(metadata: &Metadata<'_>) -> bool {
    let ours = ["sandcastle", "bootstrap", "interpreter"].iter().any(|name| metadata.target().starts_with(name));
    ours || *metadata.level() <= Level::INFO
}
