//! Reads JSON from callers. An error names the field, or gives line and column; it never quotes the input.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{error::Category, value::RawValue};

use crate::error::ApiError;

/// Reads a JSON object. `T`'s fields are [`RawValue`]s: the functions below read them and name a wrong one, and unknown
/// fields take no memory.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ApiError> {
    // serde_json also reads a derived struct from an array.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(ApiError::invalid("the body must be a JSON object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ApiError::invalid(match error.classify() {
            Category::Data => format!("the body has a duplicate field at line {line}, column {column}"),
            Category::Io | Category::Syntax | Category::Eof => {
                format!("the body is not valid JSON at line {line}, column {column}")
            }
        })
    })
}

/// The text of a string field.
pub(crate) fn string(name: &str, value: &RawValue) -> Result<String, ApiError> {
    let wrong = |_| match value.get().starts_with('"') {
        true => ApiError::invalid(format!("{name} has an invalid escape, such as an unpaired surrogate")),
        false => ApiError::invalid(format!("{name} must be a string")),
    };
    serde_json::from_str(value.get()).map_err(wrong)
}

/// The text of a required string field.
pub(crate) fn required(name: &str, value: Option<&RawValue>) -> Result<String, ApiError> {
    let value = value.ok_or_else(|| ApiError::invalid(format!("{name} is missing: it must be a string")))?;
    string(name, value)
}

/// The value of a Boolean field; false when it is absent.
pub(crate) fn flag(name: &str, value: Option<&RawValue>) -> Result<bool, ApiError> {
    match value.map(RawValue::get) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::invalid(format!("{name} must be true or false"))),
    }
}

/// The value of a field in seconds, at least a millisecond; `None` when it is absent.
pub(crate) fn seconds(name: &str, value: Option<&RawValue>) -> Result<Option<Duration>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let seconds = serde_json::from_str::<f64>(value.get()).ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = time.filter(|time| *time >= Duration::from_millis(1));
    let wrong = || ApiError::invalid(format!("{name} must be a number of seconds, 0.001 or more"));
    time.map(Some).ok_or_else(wrong)
}

/// The value of a field that is an object of strings; empty when it is absent.
pub(crate) fn texts(name: &str, value: Option<&RawValue>) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(value) = value else { return Ok(BTreeMap::new()) };
    serde_json::from_str(value.get()).map_err(|_| ApiError::invalid(format!("{name} must be an object of strings")))
}
