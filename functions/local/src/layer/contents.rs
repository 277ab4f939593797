//! The contents of a layer's folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// The file that lists what the build has installed.
const MANIFEST: &str = "layer.json";

/// Why a folder is not a layer.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// A file or folder cannot be read.
    #[error("read {path} (`make layer` builds a layer)")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The list is malformed.
    #[error("parse {path}")]
    Manifest {
        /// Its path.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// A layer on disk.
pub(super) struct Contents {
    /// Its folder, absolute and without links.
    pub(super) root: PathBuf,
    /// The list of what is installed.
    pub(super) manifest: Manifest,
    /// Its files, in order.
    pub(super) files: Vec<File>,
}

/// The list of what is installed in a layer.
#[derive(Deserialize)]
pub(super) struct Manifest {
    /// Which packages it has: `full` only fits a container image.
    pub(super) profile: String,
    /// The version of Python, such as `3.13.0`.
    pub(super) python: String,
    /// The locked packages.
    pub(super) packages: Vec<Package>,
}

/// A locked package.
#[derive(Deserialize)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: String,
    /// Its modules.
    pub(super) modules: Vec<String>,
}

/// A file of a layer.
pub(super) struct File {
    /// Its path below the root.
    pub(super) path: PathBuf,
    /// Its length, in bytes.
    pub(super) size: u64,
}

impl Contents {
    /// Reads the folder; symbolic links are neither followed nor counted.
    pub(super) fn read(dir: &Path) -> Result<Self, ContentsError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ContentsError::Read { path, source }
        };
        let root = fs::canonicalize(dir).map_err(failed(dir))?;
        let path = root.join(MANIFEST);
        let json = fs::read(&path).map_err(failed(&path))?;
        let manifest = serde_json::from_slice(&json).map_err(|source| ContentsError::Manifest { path, source })?;
        let (mut files, mut folders) = (Vec::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
                let path = entry.map_err(failed(&folder))?.path();
                let metadata = fs::symlink_metadata(&path).map_err(failed(&path))?;
                if metadata.is_dir() {
                    folders.push(path);
                } else if let (true, Ok(below)) = (metadata.is_file(), path.strip_prefix(&root)) {
                    files.push(File { path: below.to_owned(), size: metadata.len() });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { root, manifest, files })
    }

    /// True when the layer has this file.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.binary_search_by(|file| file.path.as_path().cmp(path)).is_ok()
    }

    /// Its kernel.
    pub(super) fn kernel(&self) -> PathBuf {
        self.root.join("bin/sandcastle-kernel")
    }

    /// Major and minor version of Python, such as `3.13`.
    pub(super) fn python(&self) -> &str {
        self.manifest.python.rsplit_once('.').map_or("", |(minor, _)| minor)
    }
}
