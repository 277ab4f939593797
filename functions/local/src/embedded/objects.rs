//! Objects as files: written whole or not at all, however the server ends.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, NamedTempFile, PersistError};

/// Uploads that nobody took over are kept for so long, as by the deployed bucket's lifecycle.
const STAGED_FOR: Duration = Duration::from_secs(24 * 3600);

/// The folders of one bucket.
pub(super) struct Objects {
    /// One file per object, its path its key.
    folder: PathBuf,
    /// Files that are being written.
    partial: PathBuf,
}

/// An object's file, opened for reading.
pub(super) struct Opened {
    pub file: File,
    pub facts: Facts,
}

/// What is known of an object without reading it.
pub(super) struct Facts {
    /// Length, in bytes.
    pub size: u64,
    /// When it was written, or refreshed.
    pub modified: SystemTime,
    /// Of its file: two that are written at the same moment differ in it.
    pub number: u64,
}

impl Facts {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { size: metadata.len(), modified: metadata.modified()?, number: metadata.ino() })
    }
}

impl Objects {
    /// The bucket of this name below `root`. What a killed server was writing is removed, and uploads that nobody took over.
    pub(super) fn open(root: &Path, bucket: &str) -> io::Result<Self> {
        let this = Self { folder: root.join(bucket), partial: root.join(format!("{bucket}.partial")) };
        match fs::remove_dir_all(&this.partial) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::create_dir_all(&this.partial)?;
        fs::create_dir_all(&this.folder)?;
        let before = SystemTime::now().checked_sub(STAGED_FOR).unwrap_or(SystemTime::UNIX_EPOCH);
        sweep(&this.folder.join("staging"), before)?;
        Ok(this)
    }

    /// Where objects are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file for an object to be; removed when dropped.
    pub(super) fn create(&self) -> io::Result<NamedTempFile> {
        Builder::new().prefix("").tempfile_in(&self.partial)
    }

    /// Makes a written file the object. `false`: only a new one was wanted, and there is one; rename(2) decides that in one
    /// step (`RENAME_NOREPLACE`), so that of many writers exactly one wins.
    pub(super) fn publish(&self, file: NamedTempFile, key: &str, only_new: bool) -> io::Result<bool> {
        let path = self.folder.join(key);
        let rename = |file: NamedTempFile| match only_new {
            true => file.persist_noclobber(&path),
            false => file.persist(&path),
        };
        let renamed = match rename(file) {
            Err(PersistError { error, file }) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(&self.folder))?;
                rename(file)
            }
            renamed => renamed,
        };
        match renamed {
            Ok(_) => Ok(true),
            Err(PersistError { error, .. }) if only_new && error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(PersistError { error, .. }) => Err(error),
        }
    }

    /// Opens an object; `None` when there is none. Any other failure, such as too many open files, is one.
    pub(super) fn read(&self, key: &str) -> io::Result<Option<Opened>> {
        let file = match File::open(self.folder.join(key)) {
            Err(error) if absent(&error) => return Ok(None),
            file => file?,
        };
        let metadata = file.metadata()?;
        let facts = Facts::of(&metadata)?;
        Ok(metadata.is_file().then_some(Opened { file, facts }))
    }

    /// Makes an object's time now.
    pub(super) fn touch(&self, file: &File, facts: Facts) -> io::Result<Facts> {
        let modified = SystemTime::now();
        file.set_modified(modified)?;
        Ok(Facts { modified, ..facts })
    }

    /// Makes what was read an object of its own, in the place of one that is there.
    pub(super) fn copy(&self, mut from: File, key: &str) -> io::Result<Facts> {
        let mut file = self.create()?;
        io::copy(&mut from, file.as_file_mut())?;
        let facts = Facts::of(&file.as_file().metadata()?)?;
        self.publish(file, key, false)?;
        Ok(facts)
    }

    /// Deletes objects; those that are not there are no error.
    pub(super) fn delete<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        keys.into_iter().try_for_each(|key| match fs::remove_file(self.folder.join(key)) {
            Err(error) if !absent(&error) => Err(error),
            _ => Ok(()),
        })
    }
}

/// Deletes objects below a folder that were written before then, and folders without objects.
fn sweep(folder: &Path, before: SystemTime) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if absent(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let (entry, path) = entry.and_then(|entry| Ok((entry.metadata()?, entry.path())))?;
        if entry.is_dir() {
            sweep(&path, before)?;
            // Refused when something is in it.
            drop(fs::remove_dir(&path));
        } else if entry.modified()? < before {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes these pieces.
pub(super) fn append(file: &mut NamedTempFile, pieces: &[bytes::Bytes]) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| file.as_file_mut().write_all(piece))
}

/// Reads up to `length` bytes from `start` on.
pub(super) fn piece(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True when there is no object at a path: nothing, a folder, or something below an object.
fn absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
