//! How the groups of a call are stored: what stands in the manifest, what shares objects, and what are objects of their own.

use sandcastle_protocol::{Content, Extent, limits};

use super::chunks;

/// A pickle or buffer of at most so many bytes stands in the manifest itself, while those of one call have no more together.
const INLINE: (u64, u64) = (2 * 1024, 24 * 1024);
/// Others of at most so many bytes share objects, which have at most so many; not those of larger groups.
const SHARED: (u64, u64) = (16 * 1024, 256 * 1024);
/// What is to be stored, and how.
#[derive(Default)]
pub(super) struct Plan {
    file_len: u64,
    /// Bytes that may still be stored.
    left: u64,
    inline_left: u64,
    pub(super) pieces: Vec<Extent>,
    pub(super) jobs: Vec<Work>,
    /// The small pieces of the next shared object.
    shared: Vec<usize>,
    shared_len: u64,
}

/// A part of what is to be done.
pub(super) enum Work {
    /// A piece goes into the manifest.
    Inline(usize),
    /// Pieces share an object.
    Shared(Vec<usize>),
    /// The next chunk of a piece.
    Chunk(usize, Extent),
}

impl Plan {
    /// Nothing is planned yet, of an exchange file of this length, beside groups that leave so many bytes of the manifest.
    pub(super) fn new(file_len: u64, inline_left: u64) -> Self {
        let inline_left = inline_left.min(INLINE.1);
        Self { file_len, left: limits::MAX_STORED_BYTES as u64, inline_left, ..Self::default() }
    }

    /// Plans a group; its pieces. `None` when its bytes are not there, or are too many.
    pub(super) fn pieces(&mut self, content: &Content) -> Option<std::ops::Range<usize>> {
        let extents = || std::iter::once(&content.pickle).chain(&content.buffers);
        let there = |one: &Extent| one.at.checked_add(one.len).is_some_and(|end| end <= self.file_len);
        let few = content.buffers.len() <= limits::MAX_BUFFERS
            && self.pieces.len() + content.buffers.len() < limits::MAX_PIECES;
        let len = extents().try_fold(0_u64, |sum, one| sum.checked_add(one.len))?;
        self.left = self.left.checked_sub(len).filter(|_| few && extents().all(there))?;
        let first = self.pieces.len();
        for extent in extents() {
            let piece = self.pieces.len();
            self.pieces.push(*extent);
            if extent.len <= INLINE.0 && extent.len <= self.inline_left {
                self.inline_left -= extent.len;
                self.jobs.push(Work::Inline(piece));
            } else if extent.len <= SHARED.0 && len <= SHARED.1 {
                self.share(piece, extent.len);
            } else {
                self.jobs.extend(chunks(*extent).map(|chunk| Work::Chunk(piece, chunk)));
            }
        }
        Some(first..self.pieces.len())
    }

    fn share(&mut self, piece: usize, len: u64) {
        if self.shared_len + len > SHARED.1 {
            self.end_shared();
        }
        self.shared.push(piece);
        self.shared_len += len;
    }

    pub(super) fn end_shared(&mut self) {
        if !self.shared.is_empty() {
            self.jobs.push(Work::Shared(std::mem::take(&mut self.shared)));
            self.shared_len = 0;
        }
    }
}
