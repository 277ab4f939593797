//! An error and what led to it, as one line.

use std::error::Error;

/// The error's text, then those of its sources, with `: ` between. A text that repeats the one before it is left out, as of an
/// error that only wraps another.
pub fn chain(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |source| (*source).source());
    let mut texts = vec![error.to_string()];
    texts.extend(sources.map(ToString::to_string));
    texts.dedup();
    texts.join(": ")
}
