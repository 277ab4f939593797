//! `POST /v2/sandcastles/{id}/files`: uploads a working file in a form, or in three steps through a presigned URL when it is
//! too long for the gateway.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use lambda_http::Context;
use sandcastle::{
    limits::MAX_FILE_BYTES,
    service::{Destination, Upload},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, JsonText, SandboxPath},
        form::{self, Arriving},
    },
    json,
};

/// Time in which a whole form must arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(15 * 60);
/// How to upload.
const WAYS: &str = "send a multipart form with a field `file`; or JSON with filename and size_bytes to get an upload URL, and then JSON \
                    with the upload_id";

/// Checks that the caller may upload before it reads the file.
pub(in crate::http) async fn upload(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = Arriving::new(body);
    let into = app.sandcastles.may_upload(&caller, &id).await?;
    if is_form(&parts.headers) {
        let read = form::read(&parts.headers, body, |name| destination(&into, name));
        let read = tokio::time::timeout(ARRIVES_WITHIN, read).await;
        let (to, content) = read.map_err(|_| ApiError::invalid("the file did not arrive in time"))??;
        // The call's deadline starts when the file has arrived.
        let deadline = app.deadline(Instant::now(), parts.extensions.get::<Context>());
        let put = detached(async move { app.sandcastles.put_file(&to, content, deadline).await });
        return Ok(Json(put.await?).into_response());
    }
    let body = JsonText::from_request(Request::from_parts(parts, body.into_body()), &()).await?;
    match parse(&body)? {
        Announced::File { name, size } => {
            let to = destination(&into, &name)?;
            let staged = detached(async move { app.sandcastles.stage_file(&to, size).await });
            Ok(Json(staged.await?).into_response())
        }
        Announced::Uploaded { upload_id } => {
            let taken = detached(async move { app.sandcastles.take_staged(&into, &upload_id, deadline).await });
            Ok(Json(taken.await?).into_response())
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

/// A file at the top of the working folder, named by the last part of the name that was sent.
fn destination(into: &Upload, sent: &str) -> Result<Destination, ApiError> {
    let name = form::base(sent);
    if name.is_empty() {
        return Err(ApiError::invalid("filename must not be empty"));
    }
    Ok(into.to(name)?)
}

/// A step of an upload through a presigned URL.
enum Announced {
    /// The file will be uploaded.
    File { name: String, size: u64 },
    /// The file has been uploaded.
    Uploaded { upload_id: String },
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    filename: Option<&'a RawValue>,
    #[serde(borrow)]
    size_bytes: Option<&'a RawValue>,
    #[serde(borrow)]
    upload_id: Option<&'a RawValue>,
}

fn parse(body: &JsonText) -> Result<Announced, ApiError> {
    if body.is_empty() {
        return Err(ApiError::invalid(WAYS));
    }
    match body.object()? {
        Raw { filename, size_bytes, upload_id: None } if filename.is_some() || size_bytes.is_some() => {
            Ok(Announced::File { name: json::required("filename", filename)?, size: size(size_bytes)? })
        }
        Raw { filename: None, size_bytes: None, upload_id: Some(id) } => {
            Ok(Announced::Uploaded { upload_id: json::string("upload_id", id)? })
        }
        _ => Err(ApiError::invalid(WAYS)),
    }
}

fn size(value: Option<&RawValue>) -> Result<u64, ApiError> {
    let size = value.and_then(|value| value.get().parse().ok()).filter(|size| *size <= MAX_FILE_BYTES);
    size.ok_or_else(|| ApiError::invalid(format!("size_bytes must be a whole number from 0 to {MAX_FILE_BYTES}")))
}
