//! Bodies of PUTs: from memory, or piece by piece from where the bytes lie.

use std::{io, sync::Arc};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::{Stream, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use sandcastle::store::Source;

/// Bytes of a source that are in memory at once.
const PIECE: usize = 256 * 1024;

/// What is written.
#[derive(Clone)]
pub(crate) enum Body {
    /// These bytes.
    Memory(Bytes),
    /// What this source has.
    Source(Arc<dyn Source>),
}

impl Body {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.size(),
            Self::Source(source) => source.size(),
        }
    }
}

/// A body that begins anew when the SDK tries again.
pub(crate) fn streamed(source: &Arc<dyn Source>) -> ByteStream {
    let source = Arc::clone(source);
    let body = move || SdkBody::from_body_1_x(StreamBody::new(frames(Arc::clone(&source))));
    ByteStream::new(SdkBody::retryable(body))
}

fn frames(source: Arc<dyn Source>) -> impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync {
    stream::try_unfold((source, 0), |(source, at)| async move {
        let reader = Arc::clone(&source);
        let read = tokio::task::spawn_blocking(move || reader.piece(at, PIECE)).await;
        let piece = read.map_err(io::Error::other)??;
        let next = at + piece.size();
        Ok((next > at).then(|| (Frame::data(piece), (source, next))))
    })
}
