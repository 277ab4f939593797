//! The data folder of the local server. A lock keeps a second server out.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be created.
    #[error("create the data folder {path}")]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be locked.
    #[error("lock the data folder {path}")]
    Lock {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another server uses it.
    #[error(
        "another server uses the data folder {path}; set SANDCASTLE_DATA_DIR to another folder, \
         and S3_ENDPOINT in both if they must share their data"
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

/// The data folder, locked until this value is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the folder if it does not exist, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        // Kernels run as other users: they may reach their own folders below this one, but not list it.
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

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A subfolder, created with this mode if it does not exist.
    pub fn folder(&self, name: &str, mode: u32) -> Result<PathBuf, DataDirError> {
        let path = self.path.join(name);
        let made = fs::DirBuilder::new().recursive(true).mode(mode).create(&path);
        made.map(|()| path.clone()).map_err(|source| DataDirError::Create { path, source })
    }

    /// Writes a file that only its owner can read, atomically.
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

    /// Removes a file if it exists.
    pub fn remove(&self, name: &str) -> Result<(), DataDirError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(DataDirError::Write { path, source }),
            _ => Ok(()),
        }
    }

    /// The text of a file in a data folder, locked or not; `None` when the file does not exist.
    pub fn read(path: &Path, name: &str) -> Result<Option<String>, DataDirError> {
        let path = path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirError::Read { path, source }),
        }
    }
}
