//! The two formats of log lines, and what no filter shows.
#![cfg(test)]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, Once},
};

use sandcastle_runtime::logging::{self, Format, FormatChoice};
use serde_json::Value;
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Buffer {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What is logged meanwhile. Whether an event is of interest is decided once for all threads: so the whole process has a
/// subscriber that wants everything, from before the first of these.
fn logged(format: Format, filter: &str, log: impl FnOnce()) -> String {
    static EVERYTHING: Once = Once::new();
    EVERYTHING.call_once(|| {
        let everything = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(io::sink).finish();
        tracing::subscriber::set_global_default(everything).unwrap();
    });
    let buffer = Buffer::default();
    tracing::subscriber::with_default(logging::subscriber(format, filter, buffer.clone()).unwrap(), log);
    String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap()
}

/// One line, as of a request that was answered.
fn answered() {
    let id = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    let span = tracing::error_span!("request", request_id = id, method = "POST", route = "/v2/sandcastles/{id}");
    span.in_scope(|| tracing::info!(status = 200_u16, error = "two words", "answered"));
}

#[test]
fn a_line_for_people_is_short_and_in_order() {
    let text = logged(Format::Human { color: false }, "info", answered);
    let (time, rest) = text.split_once(' ').unwrap();
    assert!(time.len() == 9 && time.ends_with('Z') && time.split(':').count() == 3, "{text}");
    let wanted = "INFO  answered status=200 error=\"two words\" method=POST route=/v2/sandcastles/{id} 0f1e2d3c\n";
    assert_eq!(rest, wanted);
}

#[test]
fn colours_change_nothing_but_colours() {
    let text = logged(Format::Human { color: true }, "info", answered);
    let mut plain = text.clone();
    for style in ["\u{1b}[2m", "\u{1b}[32m", "\u{1b}[0m"] {
        assert!(plain.contains(style), "{text:?}");
        plain = plain.replace(style, "");
    }
    let without = logged(Format::Human { color: false }, "info", answered);
    assert_eq!(plain[9..], without[9..], "but for the time");
}

#[test]
fn no_value_can_write_a_line_or_a_colour() {
    let text =
        logged(Format::Human { color: false }, "info", || tracing::warn!(name = "a\nb\u{1b}[31m", "one\r\nline"));
    assert!(text.ends_with(" WARN  one\\r\\nline name=a\\nb\\u{1b}[31m\n"), "{text:?}");
}

#[test]
fn json_has_one_object_for_each_line_with_the_whole_request_id() {
    let text = logged(Format::Json, "info", answered);
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&line["message"], &line["status"]), (&"answered".into(), &200.into()), "{text}");
    assert_eq!(line["span"]["request_id"], "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
}

#[test]
fn a_terminal_gets_text_with_colours_unless_the_settings_say_otherwise() {
    let human = |color| Format::Human { color };
    for (choice, terminal, no_color, wanted) in [
        (FormatChoice::Auto, true, false, human(true)),
        (FormatChoice::Auto, true, true, human(false)),
        (FormatChoice::Auto, false, false, Format::Json),
        (FormatChoice::Human, true, false, human(true)),
        (FormatChoice::Human, false, false, human(false)),
        (FormatChoice::Json, true, false, Format::Json),
    ] {
        assert_eq!(choice.format(terminal, no_color), wanted, "{choice:?} {terminal} {no_color}");
    }
}

#[test]
fn no_filter_shows_requests_in_lines_of_libraries() {
    for format in [Format::Json, Format::Human { color: false }] {
        let text = logged(format, "trace,lambda_runtime=trace", || {
            tracing::trace!(target: "lambda_runtime::layers", "event with a token");
            tracing::debug!(target: "aws_smithy_runtime", "header with a token");
            tracing::info!(target: "aws_smithy_runtime", "kept");
            tracing::trace!(target: "sandcastle::service", "own");
        });
        assert!(!text.contains("token") && text.contains("kept") && text.contains("own"), "{text}");
    }
}

#[test]
fn a_filter_selects_levels_and_a_malformed_one_is_refused() {
    let log = || {
        tracing::info!("hidden");
        tracing::warn!("shown");
    };
    let text = logged(Format::Human { color: false }, "warn", log);
    assert!(!text.contains("hidden") && text.contains("shown"), "{text}");
    assert!(logging::subscriber(Format::Json, "no=such=filter", Buffer::default()).is_err());
}
