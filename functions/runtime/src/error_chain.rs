//! An error and its sources as one line.

use std::error::Error;

/// The error's text and those of its sources, joined with `: `. A text that repeats the one before it is left out: it belongs
/// to an error that only wraps another.
pub fn chain(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |source| (*source).source());
    let mut texts = vec![error.to_string()];
    texts.extend(sources.map(ToString::to_string));
    texts.dedup();
    texts.join(": ")
}
