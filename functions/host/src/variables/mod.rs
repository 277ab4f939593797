//! The stored variables of a sandbox: what its kernel gives out is stored, and what a new kernel needs is read again.

mod cache;
mod packed;
mod plan;
mod store;
mod vault;

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use sandcastle::variables::GroupKind;
use sandcastle_protocol::{Extent, GroupKind as Kind};

pub(crate) use cache::VariableCache;
pub(crate) use store::{Stored, store};
pub(crate) use vault::{Given, Vault};

use crate::folder::FolderError;

/// The longest piece of a value that is an object of its own, in bytes.
const CHUNK_BYTES: u64 = 4 * 1024 * 1024;
/// So many objects are read or written at once.
const CONCURRENT: usize = 16;

/// Does what may wait for a disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, FolderError> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(io::Error::other)??)
}

/// These bytes of a file, which may have been cut meanwhile.
fn read(file: &File, extent: Extent) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(extent.len).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, extent.at)?;
    Ok(bytes.into())
}

/// The pieces of these bytes that are objects of their own.
fn chunks(extent: Extent) -> impl Iterator<Item = Extent> {
    (0..extent.len.div_ceil(CHUNK_BYTES)).map(move |n| {
        let start = n * CHUNK_BYTES;
        Extent { at: extent.at + start, len: CHUNK_BYTES.min(extent.len - start) }
    })
}

fn of_protocol(kind: Kind) -> GroupKind {
    match kind {
        Kind::Data => GroupKind::Data,
        Kind::Definitions => GroupKind::Definitions,
        Kind::Modules => GroupKind::Modules,
        Kind::Index => GroupKind::Index,
    }
}

fn to_protocol(kind: GroupKind) -> Kind {
    match kind {
        GroupKind::Data => Kind::Data,
        GroupKind::Definitions => Kind::Definitions,
        GroupKind::Modules => Kind::Modules,
        GroupKind::Index => Kind::Index,
    }
}
