//! Which keys can be files, and the files that s3s-fs keeps beside an object.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use s3s::{S3Result, s3_error};

/// The longest file name there is on Linux (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// Refuses a key that would leave the bucket's folder, mean two things, or be too long for a file name. s3s-fs itself finds
/// the latter out only after it has written the object.
pub(super) fn check_key(bucket: &str, key: &str) -> S3Result<()> {
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) || key.contains('\0') {
        return Err(s3_error!(InvalidArgument, "this S3 takes no key with an empty part, `.` or `..`"));
    }
    let parts = key.split('/').map(str::len);
    let longest = parts.chain(side_files(bucket, key).map(|name| name.len())).max();
    if longest > Some(NAME_MAX) {
        return Err(s3_error!(KeyTooLongError, "this S3 writes keys into file names, in base64; this one is too long"));
    }
    Ok(())
}

/// Where the object is.
pub(super) fn object(root: &Path, bucket: &str, key: &str) -> PathBuf {
    root.join(bucket).join(key)
}

/// Names of the files beside the buckets that hold an object's headers and its digest, as s3s-fs 0.14 spells them.
pub(super) fn side_files(bucket: &str, key: &str) -> [String; 2] {
    let (bucket, key) = (URL_SAFE_NO_PAD.encode(bucket), URL_SAFE_NO_PAD.encode(key));
    ["metadata", "internal"].map(|kind| format!(".bucket-{bucket}.object-{key}.{kind}.json"))
}
