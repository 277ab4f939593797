//! Links that let anybody GET one object for a while, with a content type and a file name of our choice, or PUT one of a
//! length of our choice.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use sandcastle::store::{Presentation, StoreError};

use crate::{S3Store, disposition::disposition, errors};

const ACTION: &str = "presign";

pub(crate) async fn presign_get(store: &S3Store, key: &str, how: &Presentation) -> Result<String, StoreError> {
    let lifetime = lifetime(key, how.valid_for)?;
    let request = store
        .presigner
        .get_object()
        .bucket(&store.bucket)
        .key(key)
        .response_content_type(content_type(&how.mime_type))
        .response_content_disposition(disposition(&how.file_name, how.inline))
        .presigned(lifetime)
        .await;
    request.map(|request| request.uri().to_owned()).map_err(|error| errors::failed(ACTION, key, error))
}

pub(crate) async fn presign_put(
    store: &S3Store,
    key: &str,
    size: u64,
    valid_for: Duration,
) -> Result<String, StoreError> {
    let length = i64::try_from(size).map_err(|error| errors::refusal(ACTION, key, error))?;
    let lifetime = lifetime(key, valid_for)?;
    let request = store.presigner.put_object().bucket(&store.bucket).key(key).content_length(length);
    let request = request.presigned(lifetime).await;
    request.map(|request| request.uri().to_owned()).map_err(|error| errors::failed(ACTION, key, error))
}

fn lifetime(key: &str, valid_for: Duration) -> Result<PresigningConfig, StoreError> {
    let valid_for = valid_for.max(Duration::from_secs(1));
    PresigningConfig::expires_in(valid_for).map_err(|error| errors::refusal(ACTION, key, error))
}

/// The type if it can stand in a header.
fn content_type(mime_type: &str) -> &str {
    let safe = mime_type.contains('/') && mime_type.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if safe { mime_type } else { "application/octet-stream" }
}
