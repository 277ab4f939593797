//! JSON from callers, read so that what is wrong is told by name and place, and never quoted.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{error::Category, value::RawValue};

use crate::error::ApiError;

/// Reads a JSON object. `T`'s fields are [`RawValue`]s, so that a wrong one is named by who knows what it has to be, and
/// unknown ones take no memory.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ApiError> {
    // A derived struct would take an array too.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ApiError::invalid("the body has to be a JSON object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ApiError::invalid(match error.classify() {
            Category::Data => format!("a field of the body is there twice (line {line}, column {column})"),
            Category::Io | Category::Syntax | Category::Eof => {
                format!("the body is not JSON at line {line}, column {column}")
            }
        })
    })
}

/// The text in a field that has to be a string.
pub(crate) fn string(name: &str, value: &RawValue) -> Result<String, ApiError> {
    let wrong = |_| match value.get().starts_with('"') {
        true => ApiError::invalid(format!("{name} holds a malformed escape, such as half a surrogate pair")),
        false => ApiError::invalid(format!("{name} has to be a string")),
    };
    serde_json::from_str(value.get()).map_err(wrong)
}

/// The text in a field that has to be a string and has to be there.
pub(crate) fn required(name: &str, value: Option<&RawValue>) -> Result<String, ApiError> {
    let value = value.ok_or_else(|| ApiError::invalid(format!("{name} is missing: it has to be a string")))?;
    string(name, value)
}

/// The value of a field that has to be true or false; false when it is not there.
pub(crate) fn flag(name: &str, value: Option<&RawValue>) -> Result<bool, ApiError> {
    match value.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::invalid(format!("{name} has to be true or false"))),
    }
}

/// The time in a field that has to be a number of seconds, a millisecond at least; none when it is not there.
pub(crate) fn seconds(name: &str, value: Option<&RawValue>) -> Result<Option<Duration>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let seconds = serde_json::from_str::<f64>(value.get()).ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = time.filter(|time| *time >= Duration::from_millis(1));
    let wrong = || ApiError::invalid(format!("{name} has to be a number of seconds, 0.001 or more"));
    time.map(Some).ok_or_else(wrong)
}

/// The texts by name in a field that has to be an object of strings; empty when it is not there.
pub(crate) fn texts(name: &str, value: Option<&RawValue>) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    serde_json::from_str(value.get()).map_err(|_| ApiError::invalid(format!("{name} has to be an object of strings")))
}
