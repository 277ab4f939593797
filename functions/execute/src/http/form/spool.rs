//! Collects a file in pieces: a small one in memory, a longer one in a temporary file without a name, which the system removes
//! however the process ends.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

use bytes::Bytes;
use sandcastle::{ContentHasher, service::Content, store::Body};

/// Bytes that are buffered before they are written.
const IN_MEMORY: usize = 1024 * 1024;

/// A file that is still arriving.
#[derive(Default)]
pub(super) struct Spool {
    hasher: ContentHasher,
    size: u64,
    held: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Bytes so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a piece.
    pub(super) async fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        if self.held.len() + piece.len() > IN_MEMORY {
            self.write().await?;
        }
        self.held.extend_from_slice(piece);
        Ok(())
    }

    /// The whole content.
    pub(super) async fn finish(mut self) -> io::Result<Content> {
        let hash = self.hasher.finish();
        if self.file.is_some() {
            self.write().await?;
        }
        let body: Arc<dyn Body> = match self.file {
            Some(file) => Arc::new(Spooled { file, size: self.size }),
            None => Arc::new(Bytes::from(self.held)),
        };
        Ok(Content { body, hash })
    }

    async fn write(&mut self) -> io::Result<()> {
        let (file, mut held) = (self.file.take(), std::mem::take(&mut self.held));
        let written = tokio::task::spawn_blocking(move || {
            let mut file = file.map_or_else(tempfile::tempfile, Ok)?;
            file.write_all(&held)?;
            held.clear();
            io::Result::Ok((file, held))
        });
        let (file, held) = written.await.map_err(io::Error::other)??;
        (self.file, self.held) = (Some(file), held);
        Ok(())
    }
}

/// A complete file on disk.
struct Spooled {
    file: File,
    size: u64,
}

impl Body for Spooled {
    fn size(&self) -> u64 {
        self.size
    }

    fn piece(&self, at: u64, most: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut piece = vec![0; left.min(most)];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    }
}
