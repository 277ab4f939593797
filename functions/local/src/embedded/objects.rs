//! Objects as files, written atomically however the server ends.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, NamedTempFile, PersistError};

/// How long unused uploads are kept; the same as in the deployed bucket's lifecycle rules.
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

/// An object's metadata.
pub(super) struct Facts {
    /// Length, in bytes.
    pub size: u64,
    /// When it was written, or refreshed.
    pub modified: SystemTime,
    /// The inode of its file: it tells apart two files that are written at the same moment.
    pub number: u64,
}

impl Facts {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { size: metadata.len(), modified: metadata.modified()?, number: metadata.ino() })
    }
}

impl Objects {
    /// Opens the bucket of this name below `root`. Removes unfinished files of a killed server, and old unused uploads.
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

    /// The folder of the objects.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file for an object; removed when dropped.
    pub(super) fn create(&self) -> io::Result<NamedTempFile> {
        Builder::new().prefix("").tempfile_in(&self.partial)
    }

    /// Renames a written file to its key. Returns `false` when `only_new` and the object exists: renameat2(2) decides that in
    /// one step (`RENAME_NOREPLACE`), so that exactly one of many writers wins.
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

    /// Opens an object; `None` when it does not exist. Every other failure, such as too many open files, is an error.
    pub(super) fn read(&self, key: &str) -> io::Result<Option<Opened>> {
        let file = match File::open(self.folder.join(key)) {
            Err(error) if absent(&error) => return Ok(None),
            file => file?,
        };
        let metadata = file.metadata()?;
        let facts = Facts::of(&metadata)?;
        Ok(metadata.is_file().then_some(Opened { file, facts }))
    }

    /// Sets an object's time to now.
    pub(super) fn touch(&self, file: &File, facts: Facts) -> io::Result<Facts> {
        let modified = SystemTime::now();
        file.set_modified(modified)?;
        Ok(Facts { modified, ..facts })
    }

    /// Copies an opened object to a key, replacing an object that is there.
    pub(super) fn copy(&self, mut from: File, key: &str) -> io::Result<Facts> {
        let mut file = self.create()?;
        io::copy(&mut from, file.as_file_mut())?;
        let facts = Facts::of(&file.as_file().metadata()?)?;
        self.publish(file, key, false)?;
        Ok(facts)
    }

    /// Deletes objects; a missing object is not an error.
    pub(super) fn delete<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        keys.into_iter().try_for_each(|key| match fs::remove_file(self.folder.join(key)) {
            Err(error) if !absent(&error) => Err(error),
            _ => Ok(()),
        })
    }
}

/// Deletes the objects below a folder that were written before this time, and empty folders.
fn sweep(folder: &Path, before: SystemTime) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if absent(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let (entry, path) = entry.and_then(|entry| Ok((entry.metadata()?, entry.path())))?;
        if entry.is_dir() {
            sweep(&path, before)?;
            // Fails when the folder is not empty.
            drop(fs::remove_dir(&path));
        } else if entry.modified()? < before {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Appends pieces to a file.
pub(super) fn append(file: &mut NamedTempFile, pieces: &[bytes::Bytes]) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| file.as_file_mut().write_all(piece))
}

/// Reads up to `length` bytes from `start`.
pub(super) fn piece(file: &mut File, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// True when there is no object at a path: no file, a folder, or a path below a file.
fn absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}
