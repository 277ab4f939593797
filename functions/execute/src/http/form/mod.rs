//! The form of an upload: its one file is taken in as it arrives, its other fields are passed over.

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

/// The most of a form besides its file, in bytes.
const AROUND_THE_FILE: u64 = 64 * 1024;
/// For the next piece of a form to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(60);

/// Reads a form with one field `file`. `place` says where a file of that name goes, before any of it is read.
pub(in crate::http) async fn read<T>(
    headers: &HeaderMap,
    body: Arriving,
    place: impl Fn(&str) -> Result<T, ApiError>,
) -> Result<(T, Content), ApiError> {
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
            (Some("file"), None) => Some((place(&file_name.unwrap_or_default())?, Spool::default())),
            (Some("file"), Some(_)) => return Err(ApiError::invalid("the form has two fields `file`: send one file")),
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
    /// `None`: these headers announce no form.
    async fn open(headers: &HeaderMap, body: Arriving) -> Option<Self> {
        let gauge = Arc::<Gauge>::default();
        let pieces = Pieces::new(body, MAX_FILE_BYTES + AROUND_THE_FILE, Arc::clone(&gauge));
        let mut request = Request::new(Body::from_stream(pieces));
        request.headers_mut().insert(CONTENT_TYPE, headers.get(CONTENT_TYPE)?.clone());
        // Its own limit is on what is held whole; these pieces have theirs.
        axum::extract::DefaultBodyLimit::disable().apply(&mut request);
        let multipart = Multipart::from_request(request, &()).await.ok()?;
        Some(Self { multipart, gauge })
    }
}

fn malformed() -> ApiError {
    ApiError::invalid("the body has to be a whole multipart form with a field `file`")
}

/// Waits for a part of the form. What the body says of itself counts before what the form's reader makes of it.
async fn in_time<T>(gauge: &Gauge, next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, ApiError> {
    match tokio::time::timeout(ARRIVES_WITHIN, next).await {
        Ok(next) => next.map_err(|_| gauge.fault().unwrap_or_else(malformed)),
        Err(_) => Err(ApiError::invalid("the body took too long to arrive")),
    }
}
