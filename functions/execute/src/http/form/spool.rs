//! Takes in a file in pieces: a small one stays in memory, a longer one goes to a temporary file without a name, which is
//! gone with its last user however the process ends.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Arc,
};

use bytes::Bytes;
use sandcastle::{ContentHasher, service::Content, store::Body};

/// So many bytes are held before they are written.
const IN_MEMORY: usize = 1024 * 1024;

/// A file that is not whole yet.
#[derive(Default)]
pub(super) struct Spool {
    hasher: ContentHasher,
    size: u64,
    held: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// So many bytes came.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The next piece.
    pub(super) async fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        if self.held.len() + piece.len() > IN_MEMORY {
            self.write().await?;
        }
        self.held.extend_from_slice(piece);
        Ok(())
    }

    /// All of it.
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

/// A whole file.
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
