//! Checks bucket names and keys: which keys can be files.

use s3s::{S3Result, s3_error};

/// The name of the one bucket.
pub const BUCKET: &str = "sandcastle";
/// The longest file name on Linux (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Refuses another bucket, and a key that would leave the bucket's folder, name a file in two ways, or be too long for a file name.
pub(super) fn check(bucket: &str, key: &str) -> S3Result<()> {
    if bucket != BUCKET {
        return Err(s3_error!(NoSuchBucket));
    }
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) || key.contains('\0') {
        return Err(s3_error!(InvalidArgument, "keys cannot have an empty part, `.` or `..`"));
    }
    if key.split('/').any(|part| part.len() > NAME_MAX) {
        return Err(s3_error!(KeyTooLongError, "a part of the key is longer than 255 bytes"));
    }
    Ok(())
}

/// True when a prefix ends in a folder that can hold a valid key.
pub(super) fn is_folder(prefix: &str) -> bool {
    prefix.is_empty()
        || prefix.strip_suffix('/').is_some_and(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
}
