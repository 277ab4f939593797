//! A request to an S3 on its way through a proxy, and what may happen to it there.

use std::time::Duration;

use axum::http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is carried out and answered.
    None,
    /// It waits first.
    Delay(Duration),
    /// It is not carried out; an error with this status and code is the answer.
    Refuse(u16, &'static str),
    /// It is not carried out, and the connection breaks.
    Drop,
    /// It is carried out; an error is the answer nevertheless.
    RefuseAfter(u16, &'static str),
    /// It is carried out, and the connection breaks before the answer.
    DropAfter,
    /// It is carried out twice, one after the other, and answered with what the first came to.
    Twice,
    /// The same, but answered with what the second came to.
    TwiceAndSecond,
    /// It is refused with 503, and carried out so much later.
    Late(Duration),
    /// It is carried out, and the answer is held back for so long.
    Hang(Duration),
    /// It is carried out, and the connection breaks in the middle of the answer.
    Torn,
}

/// A request, as far as a decision needs it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// GET, PUT, or POST for a deletion.
    pub method: Method,
    /// The key; the prefix of a list.
    pub key: String,
    /// A list of keys.
    pub is_list: bool,
    /// A PUT that must not replace anything.
    pub only_new: bool,
}

impl Asked {
    /// A request with this path and query.
    pub(crate) fn by(method: &Method, path: &str, headers: &HeaderMap) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix="));
        Self {
            method: method.clone(),
            key: decoded(prefix.unwrap_or(key)),
            is_list: query.contains("list-type="),
            only_new: headers.contains_key(header::IF_NONE_MATCH),
        }
    }
}
