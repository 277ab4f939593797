//! Fetches a key set over HTTP: one GET, limited in time and size, without redirects.

use std::{error::Error, io, time::Duration};

use axum::http::{StatusCode, Uri, uri::InvalidUri};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::keys::{self, Key};

const TIME_LIMIT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;

/// Why a key set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("timed out after 5 s")]
    Timeout,
    #[error("parse the URL")]
    Url(#[from] InvalidUri),
    #[error("load the system's certificates")]
    Certificates(#[source] io::Error),
    #[error("send the request")]
    Send(#[from] hyper_util::client::legacy::Error),
    #[error("the response has status {0}")]
    Status(StatusCode),
    #[error("read the response")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    #[error("the response is not a JSON Web Key Set")]
    NoKeySet(#[from] serde_json::Error),
}

/// The usable keys at a URL.
pub(super) async fn fetch(url: &str) -> Result<Vec<Key>, FetchError> {
    let body = tokio::time::timeout(TIME_LIMIT, get(url)).await.map_err(|_| FetchError::Timeout)??;
    Ok(keys::read(&body)?)
}

/// The client is dropped after the request: the next fetch is usually ten minutes away.
async fn get(url: &str) -> Result<Bytes, FetchError> {
    let url: Uri = url.parse()?;
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
        .map_err(FetchError::Certificates)?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let response = client.get(url).await?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let body = Limited::new(response.into_body(), MAX_BYTES).collect().await.map_err(FetchError::Read)?;
    Ok(body.to_bytes())
}
