//! `/v2/sandcastles/{id}/files`: lists, downloads and deletes working files.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{
        HeaderValue,
        header::{CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use sandcastle::{
    contract::{FileList, Success},
    service::FileContent,
};
use serde::Deserialize;

use crate::{
    App,
    detached::detached,
    http::{
        ApiError,
        extract::{Caller, Deadline, SandboxPath, parse_query},
    },
};

/// `GET …/files?path=`: one level of the working folder.
pub(in crate::http) async fn list(
    Caller(caller): Caller,
    SandboxPath(id): SandboxPath,
    Folder(folder): Folder,
    State(app): State<Arc<App>>,
) -> Result<Json<FileList>, ApiError> {
    Ok(Json(app.sandcastles.list_files(&caller, &id, &folder).await?))
}

/// `GET …/files/{path}`: the bytes of a working file. Headers keep browsers from interpreting them. With `?link=1`, a link to them.
pub(in crate::http) async fn download(
    Caller(caller): Caller,
    FilePath { id, path }: FilePath,
    AsLink(as_link): AsLink,
    at_most: Option<Extension<MaxDownload>>,
    State(app): State<Arc<App>>,
) -> Result<Response, ApiError> {
    if as_link {
        return Ok(Json(app.sandcastles.link_file(&caller, &id, &path).await?).into_response());
    }
    let FileContent { size, pieces } = app.sandcastles.read_file(&caller, &id, &path).await?;
    if let Some(Extension(MaxDownload(most))) = at_most
        && size > most
    {
        let message = format!(
            "the file is too long to download here: it has {size} bytes, the limit is {most}. Add ?link=1 to get a link to \
             download it from"
        );
        return Err(ApiError::invalid(message));
    }
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The longest file that can be downloaded, in bytes, where there is a limit: an extension of the request.
#[derive(Clone, Copy)]
pub(crate) struct MaxDownload(pub(crate) u64);

/// `DELETE …/files/{path}`: deletes a working file.
pub(in crate::http) async fn delete(
    Caller(caller): Caller,
    FilePath { id, path }: FilePath,
    Deadline(deadline): Deadline,
    State(app): State<Arc<App>>,
) -> Result<Json<Success>, ApiError> {
    detached(async move { app.sandcastles.delete_file(&caller, &id, &path, deadline).await }).await?;
    Ok(Json(Success { success: true }))
}

/// The `path` of the query; empty for the working folder itself.
pub(in crate::http) struct Folder(String);

#[derive(Deserialize)]
struct RawFolder {
    path: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Folder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        // axum's query parser replaces bytes that are not UTF-8.
        let query = percent_decode_str(parts.uri.query().unwrap_or_default());
        query.decode_utf8().map_err(|_| ApiError::invalid("the query is not UTF-8"))?;
        let RawFolder { path } = parse_query(parts)?;
        Ok(Self(path.unwrap_or_default()))
    }
}

/// Whether the query has `link=1`.
pub(in crate::http) struct AsLink(bool);

#[derive(Deserialize)]
struct RawLink {
    link: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for AsLink {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let RawLink { link } = parse_query(parts)?;
        match link.as_deref() {
            None | Some("0") => Ok(Self(false)),
            Some("1") => Ok(Self(true)),
            Some(_) => Err(ApiError::invalid("link must be 0 or 1")),
        }
    }
}

/// The sandbox id and the path of the file, percent-decoded.
pub(in crate::http) struct FilePath {
    id: String,
    path: String,
}

impl<S: Send + Sync> FromRequestParts<S> for FilePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (id, path) = path.map(|Path(both)| both).map_err(|_| ApiError::invalid("the path is not UTF-8"))?;
        Ok(Self { id, path })
    }
}
