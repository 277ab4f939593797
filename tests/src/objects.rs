//! What lies in the embedded S3, read where it keeps it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sandcastle_local::BUCKET;

fn root(folder: &Path) -> PathBuf {
    folder.join("bucket/s3").join(BUCKET)
}

/// Every key in the bucket of [`crate::deployment::bucket`].
pub fn keys(folder: &Path) -> Vec<String> {
    let root = root(folder);
    let (mut keys, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                keys.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    keys
}

/// The length of an object.
pub fn length(folder: &Path, key: &str) -> u64 {
    fs::metadata(root(folder).join(key)).unwrap().len()
}
