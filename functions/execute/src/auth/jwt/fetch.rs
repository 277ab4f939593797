//! Fetches a key set over HTTP: one GET, bounded in time and size, no redirect followed.

use std::{error::Error, io, time::Duration};

use axum::http::{StatusCode, Uri, uri::InvalidUri};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use super::keys::{self, Key};

const TIME_LIMIT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer in time")]
    Timeout,
    #[error("read the URL")]
    Url(#[from] InvalidUri),
    #[error("load the system's certificates")]
    Certificates(#[source] io::Error),
    #[error("send the request")]
    Send(#[from] hyper_util::client::legacy::Error),
    #[error("the answer has status {0}")]
    Status(StatusCode),
    #[error("read the answer")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    #[error("the answer is no JSON Web Key Set")]
    NoKeySet(#[from] serde_json::Error),
}

/// The usable keys behind a URL.
pub(super) async fn fetch(url: &str) -> Result<Vec<Key>, FetchError> {
    let body = tokio::time::timeout(TIME_LIMIT, get(url)).await.map_err(|_| FetchError::Timeout)??;
    Ok(keys::read(&body)?)
}

/// The client lives for one request only: the next one comes in ten minutes.
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
