//! Frames over tokio's sockets: the host's side of [`sandcastle_protocol`].

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::fd::BorrowedFd,
};

use rustix::{
    cmsg_space,
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use sandcastle_protocol::{FrameError, HEADER_LEN, decode_header, encode, limits::MAX_DESCRIPTORS};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest},
    net::UnixStream,
};

/// The longest frame that is read, in bytes: ten thousand names of 256 bytes, as JSON escapes them, and the rest of a
/// `Done`. Below the protocol's own cap, because decoding takes several times the memory.
const MAX_READ: usize = 8 * 1024 * 1024;

/// The most elements of a frame that is read. Each takes up to a hundred bytes when it is decoded, and four in the frame. A `Done`
/// has two numbers for each of a hundred thousand pieces, and less of all else.
const MAX_ELEMENTS: usize = 600_000;

/// Writes one frame.
pub(crate) async fn write<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: &T) -> Result<(), FrameError> {
    Ok(to.write_all(&encode(message)?).await?)
}

/// Reads one frame; `None` when the other side closed the socket between frames.
pub(crate) async fn read<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<T>, FrameError> {
    let mut header = [0; HEADER_LEN];
    let (first, rest) = header.split_at_mut(1);
    if from.read(first).await? == 0 {
        return Ok(None);
    }
    from.read_exact(rest).await?;
    let len = decode_header(header)?;
    if len > MAX_READ {
        return Err(FrameError::TooLong { len });
    }
    let mut body = Vec::new();
    from.take(len as u64).read_to_end(&mut body).await?;
    if body.len() < len {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    // Elements have commas between them.
    if body.iter().filter(|byte| **byte == b',').count() > MAX_ELEMENTS {
        return Err(FrameError::TooMany { most: MAX_ELEMENTS });
    }
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes one frame with descriptors attached to its first byte; at most [`MAX_DESCRIPTORS`].
pub(crate) async fn write_with_fds<T: Serialize>(
    to: &UnixStream,
    message: &T,
    fds: &[BorrowedFd<'_>],
) -> Result<(), FrameError> {
    let bytes = encode(message)?;
    let send = |bytes: &[u8], attach: bool| {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if attach && !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(io::Error::other("no room for the descriptors"));
        }
        Ok(sendmsg(to, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
    };
    let mut sent = to.async_io(Interest::WRITABLE, || send(&bytes, true)).await?;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        sent += to.async_io(Interest::WRITABLE, || send(rest, false)).await?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
