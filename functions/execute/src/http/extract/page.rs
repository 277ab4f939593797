//! Extracts the query of a list: the length and the start of a page.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use sandcastle::service::listing::{DEFAULT_PAGE, PAGE_LIMITS};
use serde::{Deserialize, de::DeserializeOwned};

use crate::http::ApiError;

/// `limit` and `cursor`.
pub(in crate::http) struct PageQuery {
    pub(in crate::http) limit: u16,
    pub(in crate::http) cursor: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    limit: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Raw { limit, cursor } = parse_query(parts)?;
        let limit =
            limit.map_or(Some(DEFAULT_PAGE), |text| text.parse().ok().filter(|limit| PAGE_LIMITS.contains(limit)));
        let wrong = || {
            ApiError::invalid(format!("limit must be a number from {} to {}", PAGE_LIMITS.start(), PAGE_LIMITS.end()))
        };
        Ok(Self { limit: limit.ok_or_else(wrong)?, cursor })
    }
}

/// Parses the query into a struct of strings. It fails only for a duplicate parameter, or one that is not UTF-8.
pub(in crate::http) fn parse_query<T: DeserializeOwned>(parts: &Parts) -> Result<T, ApiError> {
    let query = Query::try_from_uri(&parts.uri);
    query
        .map(|Query(query)| query)
        .map_err(|_| ApiError::invalid("the query has a duplicate parameter, or is not UTF-8"))
}
