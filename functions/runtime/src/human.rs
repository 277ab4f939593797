//! Log lines for people at a terminal: time of day (UTC), level, message and fields, without module path and span names.
//!
//! ```text
//! 10:24:05Z INFO  answered status=200 ms=12 method=POST route=/v2/sandcastles/{id}/execute 1f0c9a3e
//! ```
//! The last word is the start of the request id.

use std::{
    borrow::Cow,
    error::Error,
    fmt::{self, Debug, Write as _},
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context, registry::LookupSpan};

use crate::chain;

/// Digits of a request id that are shown.
const SHORT_ID: usize = 8;
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Writes a line for each event.
pub(crate) struct Human<W> {
    writer: W,
    color: bool,
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields {
    message: String,
    request_id: Option<String>,
    others: Vec<(&'static str, String)>,
}

impl<W> Human<W> {
    /// Writes to this writer, with colours or without.
    pub(crate) fn new(writer: W, color: bool) -> Self {
        Self { writer, color }
    }

    fn paint(&self, style: &str, text: impl fmt::Display) -> String {
        if self.color { format!("{style}{text}{RESET}") } else { text.to_string() }
    }

    fn line(&self, level: Level, fields: &Fields) -> String {
        let time = self.paint(DIM, time_of_day(SystemTime::now()));
        let level = self.paint(style(level), format_args!("{level:<5}"));
        let mut line = format!("{time} {level} {}", fields.message);
        for (name, value) in &fields.others {
            // A String takes everything.
            let _never_fails = write!(line, " {}{value}", self.paint(DIM, format_args!("{name}=")));
        }
        if let Some(id) = &fields.request_id {
            let short: String = id.chars().take(SHORT_ID).collect();
            let _never_fails = write!(line, " {}", self.paint(DIM, short));
        }
        line.push('\n');
        line
    }
}

impl<S, W> Layer<S> for Human<W>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Fields { request_id, others, .. }) = span.extensions().get::<Fields>() {
                fields.others.extend(others.iter().cloned());
                fields.request_id = fields.request_id.or_else(|| request_id.clone());
            }
        }
        let line = self.line(*event.metadata().level(), &fields);
        // A log line that cannot be written is dropped.
        drop(self.writer.make_writer().write_all(line.as_bytes()));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, &chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, &format!("{value:?}"));
    }
}

impl Fields {
    fn add(&mut self, field: &Field, value: &str) {
        let value = printable(value).into_owned();
        match field.name() {
            "message" => self.message = value,
            "request_id" => self.request_id = Some(value),
            name => self.others.push((name, if needs_quotes(&value) { format!("\"{value}\"") } else { value })),
        }
    }
}

/// True for a value that could not be told from the next field. Lists and maps delimit themselves.
fn needs_quotes(value: &str) -> bool {
    value.is_empty() || value.contains(' ') && !value.starts_with(['[', '{', '"'])
}

/// The text with control characters escaped, so that no value can write lines or colours of its own.
fn printable(text: &str) -> Cow<'_, str> {
    match text.chars().any(char::is_control) {
        true => {
            text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
        }
        false => text.into(),
    }
}

fn style(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[1;31m",
        Level::WARN => "\x1b[1;33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

fn time_of_day(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}
