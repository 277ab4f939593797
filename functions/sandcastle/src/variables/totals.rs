//! What the groups of a sandbox have together, and how much that may be: every entry after it names them all.

use super::{Blob, Group};
use crate::limits;

/// What some groups have together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    groups: usize,
    names: usize,
    buffers: usize,
    chunks: usize,
    inline: u64,
}

impl Totals {
    /// With one more group.
    ///
    /// # Errors
    /// What there would be too much of.
    pub fn with(self, group: &Group) -> Result<Self, &'static str> {
        let inline = |blob: &Blob| if let Blob::Inline(bytes) = blob { bytes.len() as u64 } else { 0 };
        let inline = group.blobs().map(inline).sum();
        self.with_new(group.names.len(), group.buffers.len(), group.chunks().count(), inline)
    }

    /// With one more group that has so many names, buffers, and chunks, and so many bytes in the manifest itself.
    ///
    /// # Errors
    /// What there would be too much of.
    pub fn with_new(self, names: usize, buffers: usize, chunks: usize, inline: u64) -> Result<Self, &'static str> {
        let sum = Self {
            groups: self.groups + 1,
            names: self.names.saturating_add(names),
            buffers: self.buffers.saturating_add(buffers),
            chunks: self.chunks.saturating_add(chunks),
            inline: self.inline.saturating_add(inline),
        };
        let require = |holds: bool, otherwise| if holds { Ok(()) } else { Err(otherwise) };
        require(sum.groups <= limits::MAX_GROUPS, "too many groups")?;
        require(sum.names <= limits::MAX_NAMES, "too many names in groups")?;
        require(sum.buffers <= limits::MAX_BUFFERS, "too many buffers")?;
        require(sum.chunks <= limits::MAX_CHUNKS, "too many chunks")?;
        require(sum.inline <= limits::MAX_INLINE_VALUES, "too many bytes of values in the manifest")?;
        Ok(sum)
    }

    /// How many more bytes may stand in the manifest itself.
    pub fn inline_left(self) -> u64 {
        limits::MAX_INLINE_VALUES.saturating_sub(self.inline)
    }
}
