//! Logs to standard error, one line per event: JSON, or text for people. On Lambda also metrics, to standard output.

use std::{io, panic};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::FilterExt, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt,
};

use crate::{
    human::Human,
    metrics::{Metrics, counts},
};

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Human {
        /// With colours.
        color: bool,
    },
    /// One JSON object per line.
    Json,
}

/// The format that the settings ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormatChoice {
    /// Text at a terminal, else JSON.
    #[default]
    Auto,
    /// Text.
    Human,
    /// JSON.
    Json,
}

impl FormatChoice {
    /// The format, where `terminal` tells whether the log goes to a terminal. Only a terminal gets colours, unless `no_color`.
    pub fn format(self, terminal: bool, no_color: bool) -> Format {
        match self {
            Self::Auto if !terminal => Format::Json,
            Self::Json => Format::Json,
            Self::Auto | Self::Human => Format::Human { color: terminal && !no_color },
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is not `level` or `target=level,…`.
    #[error("RUST_LOG must be a level, or target=level pairs separated by commas")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging is set up already.
    #[error("logging is set up already")]
    Init(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets up logging for the process. Panics become log lines. `filter` has the syntax of `RUST_LOG`.
///
/// # Errors
/// When the filter is malformed, or logging is set up already.
pub fn init(format: Format, filter: &str) -> Result<(), LoggingError> {
    install(subscriber(format, filter, io::stderr)?)
}

/// As [`init`], for a function on Lambda: logs JSON, and writes metrics of this function.
///
/// # Errors
/// When the filter is malformed, or logging is set up already.
pub fn init_on_lambda(filter: &str, function: &str) -> Result<(), LoggingError> {
    install(subscriber_on_lambda(filter, function, io::stderr, io::stdout)?)
}

fn install(subscriber: Box<dyn Subscriber + Send + Sync>) -> Result<(), LoggingError> {
    tracing::subscriber::set_global_default(subscriber)?;
    // The location only: the text of a panic can quote code or output.
    panic::set_hook(Box::new(|info| {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(location, "panicked");
    }));
    Ok(())
}

/// The subscriber that [`init`] installs, with this writer.
///
/// # Errors
/// When the filter is malformed.
pub fn subscriber<W>(format: Format, filter: &str, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    Ok(Box::new(Registry::default().with(lines(format, filter, writer)?)))
}

/// The subscriber that [`init_on_lambda`] installs, with these writers. The filter does not apply to metrics.
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
    let lines = match format {
        Format::Human { color } => Human::new(writer, color).boxed(),
        Format::Json => {
            let lines = tracing_subscriber::fmt::layer().with_writer(writer);
            lines.json().flatten_event(true).with_span_list(false).boxed()
        }
    };
    Ok(lines.with_filter(EnvFilter::try_new(filter)?.and(filter_fn(is_safe))))
}

/// False for lines of libraries below `info`, which show headers with tokens and bodies with code. No filter enables them.
fn is_safe(metadata: &Metadata<'_>) -> bool {
    let ours = ["sandcastle", "bootstrap", "interpreter"].iter().any(|name| metadata.target().starts_with(name));
    ours || *metadata.level() <= Level::INFO
}
