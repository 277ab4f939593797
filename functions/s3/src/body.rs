//! Bodies of PUTs: from memory, or piece by piece from where the bytes lie.

use std::{io, sync::Arc};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use futures::{Stream, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use sandcastle::store::Body;

/// Bytes of a streamed body that are in memory at once.
const PIECE: usize = 256 * 1024;

/// What is written.
#[derive(Clone)]
pub(crate) enum Payload {
    /// These bytes.
    Memory(Bytes),
    /// What this body has, read as it is sent.
    Streamed(Arc<dyn Body>),
}

impl Payload {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.size(),
            Self::Streamed(body) => body.size(),
        }
    }
}

/// A stream of the body that starts again when the SDK tries again.
pub(crate) fn streamed(body: &Arc<dyn Body>) -> ByteStream {
    let body = Arc::clone(body);
    let stream = move || SdkBody::from_body_1_x(StreamBody::new(frames(Arc::clone(&body))));
    ByteStream::new(SdkBody::retryable(stream))
}

fn frames(body: Arc<dyn Body>) -> impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync {
    stream::try_unfold((body, 0), |(body, at)| async move {
        let reader = Arc::clone(&body);
        let read = tokio::task::spawn_blocking(move || reader.piece(at, PIECE)).await;
        let piece = read.map_err(io::Error::other)??;
        let next = at + piece.size();
        Ok((next > at).then(|| (Frame::data(piece), (body, next))))
    })
}
