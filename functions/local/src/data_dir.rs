//! The folder that keeps what the local server must not forget. One server at a time uses it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made.
    #[error("create the data folder {path}")]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its lock cannot be tried.
    #[error("lock the data folder {path}")]
    Lock {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another server works in it.
    #[error(
        "another server uses the data folder {path}; give this one a folder of its own with SANDCASTLE_DATA_DIR, \
         or let both use one S3 with S3_ENDPOINT"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A file in it cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file in it cannot be written.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The folder, locked for as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        // Others may pass through, to the kernels' folders in it, and see nothing.
        let made = fs::DirBuilder::new().recursive(true).mode(0o711).create(path).and_then(|()| path.canonicalize());
        let path = made.map_err(|source| DataDirError::Create { path: path.to_owned(), source })?;
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path.join("lock"));
        let lock = opened.map_err(|source| DataDirError::Lock { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(DataDirError::Lock { path, source }),
        }
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A subfolder, made if need be, with this mode if it is new.
    pub fn folder(&self, name: &str, mode: u32) -> Result<PathBuf, DataDirError> {
        let path = self.path.join(name);
        let made = fs::DirBuilder::new().recursive(true).mode(mode).create(&path);
        made.map(|()| path.clone()).map_err(|source| DataDirError::Create { path, source })
    }

    /// Writes a file that only its owner can read, whole or not at all.
    pub fn write_secret(&self, name: &str, text: &str) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        let partial = self.path.join(format!("{name}.part"));
        let write = || {
            match fs::remove_file(&partial) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
            file.write_all(text.as_bytes())?;
            fs::rename(&partial, &path)
        };
        write().map_err(|source| DataDirError::Write { path: path.clone(), source })
    }

    /// Removes a file if it is there.
    pub fn remove(&self, name: &str) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(DataDirError::Write { path, source }),
            _ => Ok(()),
        }
    }

    /// The text of a file in a data folder, locked or not; `None` when there is none.
    pub fn read(path: &Path, name: &str) -> Result<Option<String>, DataDirError> {
        let path = path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirError::Read { path, source }),
        }
    }
}
