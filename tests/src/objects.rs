//! The objects of the embedded S3, read from its data folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sandcastle_local::BUCKET;

fn root(folder: &Path) -> PathBuf {
    folder.join("bucket/s3").join(BUCKET)
}

/// Every key in the bucket of [`crate::bucket::bucket`].
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

/// The length of an object in bytes.
pub fn length(folder: &Path, key: &str) -> u64 {
    fs::metadata(root(folder).join(key)).unwrap().len()
}
