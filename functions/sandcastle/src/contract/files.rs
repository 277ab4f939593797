//! Working files.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

/// Answer to `GET /v2/sandcastles/{id}/files`.
#[derive(Debug, Serialize)]
pub struct FileList {
    /// One level, by name.
    pub files: Vec<FileListed>,
}

/// Something in the working folder.
#[derive(Debug, Serialize)]
pub struct FileListed {
    /// Its name in its folder.
    pub name: String,
    /// Length, in bytes; 0 for a folder.
    pub size_bytes: u64,
    /// True for a folder.
    pub is_dir: bool,
    /// Last modification; of a folder, when the sandbox last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub modified_at: OffsetDateTime,
}

/// Answer to an upload.
#[derive(Debug, Serialize)]
pub struct FileUploaded {
    /// The name it has in the working folder.
    pub filename: String,
    /// Length, in bytes.
    pub size_bytes: u64,
}

/// Answer to the announcement of an upload: where to PUT the file.
#[derive(Debug, Serialize)]
pub struct UploadTarget {
    /// Names the upload in the call that takes it over.
    pub upload_id: String,
    /// Presigned URL.
    pub url: String,
    /// Always `PUT`.
    pub method: &'static str,
    /// Headers that the request must have.
    pub headers: BTreeMap<&'static str, String>,
    /// Until when the URL works, at most.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}
