//! Puts stored variables into the exchange file of a new kernel.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sandcastle::{
    ContentHash, layout,
    store::StoreError,
    variables::{Blob, GroupKind, Groups},
};
use sandcastle_protocol::{Content, Extent, GroupKind as Kind, StoredGroup};

use super::variables::{CHUNK_BYTES, CONCURRENT, blocking};
use crate::folder::{FolderError, Storage};

/// Puts the values of these groups into a kernel's exchange file.
pub(crate) async fn fetch(
    groups: &Groups,
    storage: &Storage,
    exchange: Option<&Arc<File>>,
) -> Result<Vec<StoredGroup>, FolderError> {
    let Some(exchange) = exchange else { return Ok(Vec::new()) };
    let (mut at, mut pieces, mut told) = (0, Vec::new(), Vec::new());
    let mut ordered: Vec<_> = groups.iter().collect();
    ordered.sort_by_key(|(id, group)| (group.order, **id));
    for (id, group) in ordered {
        let mut extents = group.blobs().map(|blob| {
            let extent = Extent { at, len: blob.size() };
            at += blob.size();
            pieces.push((extent, blob.clone()));
            extent
        });
        let pickle = extents.next().unwrap_or_default();
        let content = Content { pickle, buffers: extents.collect() };
        let names = group.names.iter().map(ToString::to_string).collect();
        told.push(StoredGroup { id: id.0, names, kind: to_protocol(group.kind), content });
    }
    let reads = pieces.into_iter().flat_map(|(extent, blob)| parts(extent, blob));
    let reads = stream::iter(reads).map(|(at, part)| async move {
        let _held = storage.memory.hold(CHUNK_BYTES).await.map_err(io::Error::other)?;
        let bytes = match part {
            Part::Bytes(bytes) => bytes,
            Part::Chunk(hash) => chunk(storage, hash).await?,
        };
        let file = Arc::clone(exchange);
        blocking(move || file.write_all_at(&bytes, at)).await
    });
    reads.buffer_unordered(CONCURRENT).try_collect::<()>().await?;
    Ok(told)
}

enum Part {
    Bytes(Bytes),
    Chunk(ContentHash),
}

/// Where in the exchange file each part of a blob goes.
fn parts(extent: Extent, blob: Blob) -> Vec<(u64, Part)> {
    match blob {
        Blob::Inline(bytes) => vec![(extent.at, Part::Bytes(bytes))],
        Blob::Chunks { hashes, .. } => {
            let starts = (0..).map(|n| extent.at + n * CHUNK_BYTES);
            starts.zip(hashes.into_iter().map(Part::Chunk)).collect()
        }
    }
}

async fn chunk(storage: &Storage, hash: ContentHash) -> Result<Bytes, FolderError> {
    let key = layout::object(&storage.sandbox, storage.epoch, hash);
    let most = usize::try_from(CHUNK_BYTES).unwrap_or(usize::MAX);
    let Some(bytes) = storage.store.get_small(&key, most).await? else {
        return Err(StoreError::Missing { key }.into());
    };
    if ContentHash::of(&bytes) == hash {
        Ok(bytes)
    } else {
        Err(StoreError::Corrupt { key, what: "its bytes have another hash".to_owned() }.into())
    }
}

fn to_protocol(kind: GroupKind) -> Kind {
    match kind {
        GroupKind::Data => Kind::Data,
        GroupKind::Definitions => Kind::Definitions,
        GroupKind::Modules => Kind::Modules,
    }
}
