//! Streams the body of an upload within limits on size and memory, and drains what is left of a refused one.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, BodyDataStream, HttpBody};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use sandcastle::limits::MAX_FILE_BYTES;

use crate::http::ApiError;

/// Bytes of a body that are passed on at once.
const PIECE: usize = 64 * 1024;
/// Bytes that the form's reader may buffer before it returns something, such as the headers of a field.
const MOST_UNREAD: usize = 4 * PIECE;
/// How much of a refused body is read and dropped: many clients read the answer only after they have sent all.
const DRAINED: usize = 64 * 1024 * 1024;
/// Time for that.
const DRAINS_FOR: Duration = Duration::from_secs(30);

/// A body that is still arriving. When this is dropped, a task drains the rest for a while.
pub(in crate::http) struct Arriving(Option<BodyDataStream>);

impl Arriving {
    /// The body of a request.
    pub(in crate::http) fn new(body: Body) -> Self {
        Self(Some(body.into_data_stream()))
    }

    /// How long it is, in bytes, if its sender has said so.
    pub(super) fn length(&self) -> Option<u64> {
        self.0.as_ref().and_then(|body| HttpBody::size_hint(body).exact())
    }

    /// The body for another reader.
    pub(in crate::http) fn into_body(mut self) -> Body {
        self.0.take().map_or_else(Body::empty, Body::from_stream)
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let Some(mut rest) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let drain = async move {
            let mut left = DRAINED;
            while let Some(Ok(piece)) = rest.next().await {
                let Some(less) = left.checked_sub(piece.len()) else { return };
                left = less;
            }
        };
        drop(runtime.spawn(tokio::time::timeout(DRAINS_FOR, drain)));
    }
}

/// Shared with the form's reader: how many bytes it has buffered, and why the body ended early.
#[derive(Default)]
pub(super) struct Gauge {
    unread: AtomicUsize,
    fault: OnceLock<ApiError>,
}

impl Gauge {
    /// The reader has returned something: its buffer counts from zero again.
    pub(super) fn went_on(&self) {
        self.unread.store(0, Ordering::Relaxed);
    }

    pub(super) fn fault(&self) -> Option<ApiError> {
        self.fault.get().cloned()
    }

    fn ended_by(&self, error: ApiError) -> io::Error {
        let _first = self.fault.set(error);
        io::Error::other("the body ended early")
    }
}

/// A body in pieces, with a pause after each. Without the pauses, `multer` 3 reads everything that is ready before it returns
/// a piece, and buffers a file that arrives quickly.
pub(super) struct Pieces {
    body: Arriving,
    ready: Bytes,
    handed_on: bool,
    left: u64,
    gauge: Arc<Gauge>,
}

impl Pieces {
    pub(super) fn new(body: Arriving, most: u64, gauge: Arc<Gauge>) -> Self {
        Self { body, ready: Bytes::new(), handed_on: false, left: most, gauge }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), io::Error>>> {
        while self.ready.is_empty() {
            let Some(body) = &mut self.body.0 else { return Poll::Ready(None) };
            match ready!(body.poll_next_unpin(cx)) {
                Some(Ok(bytes)) => self.ready = bytes,
                Some(Err(_)) => {
                    self.body.0 = None;
                    return Poll::Ready(Some(Err(self.gauge.ended_by(ApiError::invalid("the upload is incomplete")))));
                }
                None => {
                    self.body.0 = None;
                    return Poll::Ready(None);
                }
            }
        }
        Poll::Ready(Some(Ok(())))
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.handed_on) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match ready!(self.poll_ready(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(())) => {}
        }
        let length = self.ready.len().min(PIECE);
        let piece = self.ready.split_to(length);
        let Some(left) = self.left.checked_sub(length as u64) else {
            return Poll::Ready(Some(Err(self.gauge.ended_by(too_long()))));
        };
        if self.gauge.unread.fetch_add(length, Ordering::Relaxed) > MOST_UNREAD {
            let what = "the form has more than 256 KiB before its file, or in the headers of a field";
            return Poll::Ready(Some(Err(self.gauge.ended_by(ApiError::invalid(what)))));
        }
        (self.left, self.handed_on) = (left, true);
        Poll::Ready(Some(Ok(piece)))
    }
}

/// The error for a file that is too long.
pub(super) fn too_long() -> ApiError {
    ApiError::invalid(format!(
        "the file is too long: a file has at most {MAX_FILE_BYTES} bytes, in a form or in an upload with filename and \
         size_bytes"
    ))
}
