//! Reads the contents of files that a job left behind, and hands over those that are not stored yet.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read as _},
};

use bytes::Bytes;
use rustix::fs::{FileType, SeekFrom, Stat, fstat, seek};
use sandcastle::{
    ContentHash, limits,
    manifest::{Manifest, WorkingFile},
};
use time::OffsetDateTime;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, mpsc},
};

use super::{Memory, mime, size, walk::FileAt};

/// Bytes that are not stored yet.
pub(super) struct New {
    /// Their digest.
    pub(super) hash: ContentHash,
    /// The bytes.
    pub(super) bytes: Bytes,
    /// Held as long as they are in memory.
    pub(super) _held: OwnedSemaphorePermit,
}

/// A file's content, found by hashing it.
#[derive(Clone)]
pub(super) struct Content {
    pub(super) hash: ContentHash,
    pub(super) size: u64,
    /// Its first bytes; none when the content is known.
    pub(super) head: Bytes,
}

/// What a look at a file comes to.
pub(super) enum Read {
    /// Its content is stored, or about to be.
    Stored(Content),
    /// There is no budget left to store it.
    NoBudget,
    /// Nearly all of it is a hole. Stored, its zeros would take what no disk has.
    Hole,
}

/// Only files of this size, in bytes, are held against what they take of the disk.
const LARGE: u64 = 16 << 20;
/// A file is mostly hole when it has less than one part in so many of its size.
const PART: u64 = 4;
/// So many stretches of data are counted; a file with more is no hole.
const STRETCHES: u32 = 10_000;

/// True for a large file of which hardly anything was written. What it takes of the disk is only a hint: a file system may compress.
fn is_mostly_hole(file: &File, stat: &Stat) -> bool {
    let (size, on_disk) = (size(stat), u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(512));
    if size < LARGE || on_disk >= size / PART {
        return false;
    }
    let (mut at, mut data) = (0, 0);
    for _ in 0..STRETCHES {
        let Ok(begins) = seek(file, SeekFrom::Data(at)) else { return rewind(file) && data < size / PART };
        let Ok(ends) = seek(file, SeekFrom::Hole(begins)) else { break };
        data += ends.saturating_sub(begins);
        at = ends;
        if data >= size / PART {
            break;
        }
    }
    let _ = rewind(file);
    false
}

fn rewind(file: &File) -> bool {
    seek(file, SeekFrom::Start(0)).is_ok()
}

/// The contents that one harvest comes upon.
pub(super) struct Contents {
    /// When which bytes were stored, by the state that the job began with and by this harvest.
    stored: HashMap<ContentHash, OffsetDateTime>,
    /// Contents of files that have several names.
    linked: HashMap<u64, Content>,
    budget: u64,
    now: OffsetDateTime,
    memory: Memory,
    store: mpsc::UnboundedSender<New>,
}

impl Contents {
    /// Contents beside those of `before`, to be handed over to `store`.
    pub(super) fn new(before: &Manifest, memory: Memory, store: mpsc::UnboundedSender<New>) -> Self {
        Self {
            stored: before.regular_files().map(|(_, file)| (file.hash, file.stored_at)).collect(),
            linked: HashMap::new(),
            budget: limits::MAX_FILE_BYTES,
            now: OffsetDateTime::now_utc(),
            memory,
            store,
        }
    }

    /// True when nobody takes what must be stored any more.
    pub(super) fn is_closed(&self) -> bool {
        self.store.is_closed()
    }

    /// When these bytes were stored; the beginning of time when that is not known.
    pub(super) fn stored_at(&self, hash: ContentHash) -> OffsetDateTime {
        self.stored.get(&hash).copied().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The file's content, handed over to be stored if it is not.
    pub(super) fn read(&mut self, file: &FileAt<'_>, known: Option<&WorkingFile>) -> io::Result<Read> {
        if let Some(content) = self.linked.get(&file.stat.st_ino) {
            return Ok(Read::Stored(content.clone()));
        }
        let mut open = File::from(file.open()?);
        let stat = fstat(&open)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_ino != file.stat.st_ino {
            return Err(io::Error::other("it is another file by now"));
        }
        if let Some(known) = known.filter(|known| known.size == size(&stat)) {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&mut open)?;
            if known.hash == hasher.finalize().into() {
                return Ok(Read::Stored(Content { hash: known.hash, size: known.size, head: Bytes::new() }));
            }
            open = File::from(file.open()?);
        }
        let size = size(&stat);
        if size > self.budget {
            return Ok(Read::NoBudget);
        }
        if is_mostly_hole(&open, &stat) {
            return Ok(Read::Hole);
        }
        let held = Handle::current().block_on(self.hold(size))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        open.take(size).read_to_end(&mut bytes)?;
        let bytes = Bytes::from(bytes);
        let content = Content {
            hash: ContentHash::of(&bytes),
            size: bytes.len() as u64,
            head: Bytes::copy_from_slice(bytes.get(..mime::HEAD_LEN).unwrap_or(&bytes)),
        };
        if !self.stored.contains_key(&content.hash) {
            self.budget -= content.size;
            self.stored.insert(content.hash, self.now);
            let new = New { hash: content.hash, bytes, _held: held };
            self.store.send(new).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        if stat.st_nlink > 1 {
            self.linked.insert(stat.st_ino, content.clone());
        }
        Ok(Read::Stored(content))
    }

    /// Waits for memory, unless nobody waits for the harvest any more.
    async fn hold(&self, size: u64) -> io::Result<OwnedSemaphorePermit> {
        tokio::select! {
            held = self.memory.hold(size) => held.map_err(io::Error::other),
            () = self.store.closed() => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}
