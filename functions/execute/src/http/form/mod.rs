//! Reads the form of an upload: stores its one file while it arrives, and ignores its other fields.

mod arriving;
mod disposition;
mod spool;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use sandcastle::{limits::MAX_FILE_BYTES, service::Content};

use super::ApiError;
pub(in crate::http) use arriving::Arriving;
use arriving::{Gauge, Pieces};
use disposition::Disposition;
pub(in crate::http) use disposition::base;
use spool::Spool;

/// Bytes that a form may have besides its file.
const AROUND_THE_FILE: u64 = 64 * 1024;
/// Time in which the next piece of a form must arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);

/// Reads a form with one field `file`. `destination` turns the name of the file into where it goes, before its content is read.
pub(in crate::http) async fn read<T>(
    headers: &HeaderMap,
    body: Arriving,
    destination: impl Fn(&str) -> Result<T, ApiError>,
) -> Result<(T, Content), ApiError> {
    if body.length().is_some_and(|length| length > MAX_FILE_BYTES + AROUND_THE_FILE) {
        return Err(arriving::too_long());
    }
    let form = Form::open(headers, body).await;
    let mut form = form.ok_or_else(malformed)?;
    let gauge = Arc::clone(&form.gauge);
    let mut found = None;
    loop {
        let next = in_time(&gauge, form.multipart.next_field()).await?;
        let Some(mut field) = next else { return found.ok_or_else(malformed) };
        gauge.went_on();
        let Disposition { name, file_name } = Disposition::read(field.headers())?;
        let mut taken = match (name.as_deref(), &found) {
            (Some("file"), None) => Some((destination(&file_name.unwrap_or_default())?, Spool::default())),
            (Some("file"), Some(_)) => {
                return Err(ApiError::invalid("the form has two fields named `file`: send one file per request"));
            }
            _ => None,
        };
        while let Some(piece) = in_time(&gauge, field.chunk()).await? {
            gauge.went_on();
            if let Some((_, spool)) = &mut taken {
                spool.add(&piece).await.map_err(ApiError::internal)?;
                if spool.size() > MAX_FILE_BYTES {
                    return Err(arriving::too_long());
                }
            }
        }
        if let Some((to, spool)) = taken {
            found = Some((to, spool.finish().await.map_err(ApiError::internal)?));
        }
    }
}

struct Form {
    multipart: Multipart,
    gauge: Arc<Gauge>,
}

impl Form {
    /// `None` when the headers are not those of a form.
    async fn open(headers: &HeaderMap, body: Arriving) -> Option<Self> {
        let gauge = Arc::<Gauge>::default();
        let pieces = Pieces::new(body, MAX_FILE_BYTES + AROUND_THE_FILE, Arc::clone(&gauge));
        let mut request = Request::new(Body::from_stream(pieces));
        request.headers_mut().insert(CONTENT_TYPE, headers.get(CONTENT_TYPE)?.clone());
        // axum's limit would count; [`Pieces`] has its own.
        axum::extract::DefaultBodyLimit::disable().apply(&mut request);
        let multipart = Multipart::from_request(request, &()).await.ok()?;
        Some(Self { multipart, gauge })
    }
}

fn malformed() -> ApiError {
    ApiError::invalid("the body must be a complete multipart form with a field named `file`")
}

/// Waits for a part of the form. The error of the body counts before the error of the reader that follows from it.
async fn in_time<T>(gauge: &Gauge, next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(ARRIVES_WITHIN, next).await {
        Ok(next) => next.map_err(|_| gauge.fault().unwrap_or_else(malformed)),
        Err(_) => Err(ApiError::invalid("the body did not arrive in time")),
    }
}
