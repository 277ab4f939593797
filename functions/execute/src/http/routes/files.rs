//! `/v2/sandcastles/{id}/files`: working files from outside.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Multipart, Path, Request, State},
    http::{
        HeaderValue,
        header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use sandcastle::contract::{FileList, FileUploaded, Success};
use serde::Deserialize;

use crate::{
    App,
    http::{
        HttpError,
        detached::detached,
        extract::{Caller, Deadline, SandboxPath, parse_query},
    },
};

/// The largest upload, in bytes: it is held in memory until it is stored.
pub(in crate::http) const MAX_UPLOAD: usize = 64 * 1024 * 1024;

/// `GET …/files?path=`: one level of the working folder.
pub(in crate::http) async fn list(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    Folder(folder): Folder,
    State(app): State<Arc<App>>,
) -> Result<Json<FileList>, HttpError> {
    Ok(Json(app.sandcastles.list_files(&caller, &id, &folder).await?))
}

/// `POST …/files`: the form's field `file` becomes a working file of that name.
pub(in crate::http) async fn upload(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
    Upload { name, bytes }: Upload,
) -> Result<Json<FileUploaded>, HttpError> {
    detached(async move { app.sandcastles.put_file(&caller, &id, &name, bytes, deadline).await }).await.map(Json)
}

/// `GET …/files/{path}`: the bytes of a working file, whatever they are; a browser is told to make nothing of them.
pub(in crate::http) async fn download(
    Caller(caller): Caller,
    FilePath { id, path }: FilePath,
    State(app): State<Arc<App>>,
) -> Result<Response, HttpError> {
    let mut response = app.sandcastles.read_file(&caller, &id, &path).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// `DELETE …/files/{path}`: deletes a working file.
pub(in crate::http) async fn delete(
    Caller(caller): Caller,
    FilePath { id, path }: FilePath,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
) -> Result<Json<Success>, HttpError> {
    detached(async move { app.sandcastles.delete_file(&caller, &id, &path, deadline).await }).await?;
    Ok(Json(Success { success: true }))
}

/// The `path` of the query; empty for the top.
pub(in crate::http) struct Folder(String);

#[derive(Deserialize)]
struct RawFolder {
    path: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Folder {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        let RawFolder { path } = parse_query(parts)?;
        Ok(Self(path.unwrap_or_default()))
    }
}

/// Sandbox and file, percent-decoded.
pub(in crate::http) struct FilePath {
    id: String,
    path: String,
}

impl<S: Send + Sync> FromRequestParts<S> for FilePath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (id, path) = path.map(|Path(both)| both).map_err(|_| HttpError::invalid("the path is not UTF-8"))?;
        Ok(Self { id, path })
    }
}

/// The file of a form.
pub(in crate::http) struct Upload {
    name: String,
    bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let malformed = || HttpError::invalid("the body has to be a multipart form with a field `file`");
        let mut form = Multipart::from_request(request, state).await.map_err(|_| malformed())?;
        loop {
            let field = form.next_field().await.map_err(|_| malformed())?.ok_or_else(malformed)?;
            if field.name() != Some("file") {
                continue;
            }
            let name = field.file_name().unwrap_or_default();
            let name = name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
            if name.is_empty() {
                return Err(HttpError::invalid("the form's field `file` has no file name"));
            }
            let too_long = || HttpError::invalid(format!("the upload broke off, or is longer than {MAX_UPLOAD} bytes"));
            let bytes = field.bytes().await.map_err(|_| too_long())?;
            return if bytes.len() <= MAX_UPLOAD { Ok(Self { name, bytes }) } else { Err(too_long()) };
        }
    }
}
