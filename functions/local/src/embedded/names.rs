//! Which keys can be files.

use s3s::{S3Result, s3_error};

/// The name of the one bucket.
pub const BUCKET: &str = "sandcastle";
/// The longest file name there is on Linux (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Refuses another bucket, and a key that would leave the bucket's folder, mean two things, or make too long a file name.
pub(super) fn check(bucket: &str, key: &str) -> S3Result<()> {
    if bucket != BUCKET {
        return Err(s3_error!(NoSuchBucket));
    }
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) || key.contains('\0') {
        return Err(s3_error!(InvalidArgument, "this S3 takes no key with an empty part, `.` or `..`"));
    }
    if key.split('/').any(|part| part.len() > NAME_MAX) {
        return Err(s3_error!(KeyTooLongError, "a part of the key is longer than a file name can be, 255 bytes"));
    }
    Ok(())
}

/// True when a prefix ends in a folder that a valid key can lie in.
pub(super) fn is_folder(prefix: &str) -> bool {
    prefix.is_empty()
        || prefix.strip_suffix('/').is_some_and(|path| path.split('/').all(|part| !matches!(part, "" | "." | "..")))
}
