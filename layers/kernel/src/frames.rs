//! A socket on which frames come, some with descriptors, and answers go.

use std::io::{ErrorKind, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use rustix::io::Errno;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use sandcastle_protocol::{FrameError, HEADER_LEN, decode_header, limits::MAX_DESCRIPTORS, write_frame};
use serde::{Serialize, de::DeserializeOwned};

/// Why no frame could be received or sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// The frame is malformed or the socket failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// recvmsg failed.
    #[error("receive from the host")]
    Receive(#[from] Errno),
    /// The host closed the socket within a frame, or attached too many descriptors.
    #[error("incomplete frame from the host")]
    Cut,
}

/// The socket.
pub(crate) struct FrameSocket(UnixStream);

impl FrameSocket {
    /// This end of a connection to the host.
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self(socket.into())
    }

    /// The next frame and its descriptors; `None` when the host has closed the socket.
    pub(crate) fn receive<T: DeserializeOwned>(&self) -> Result<Option<(T, Vec<OwnedFd>)>, SocketError> {
        let mut descriptors = Vec::new();
        let mut header = [0; HEADER_LEN];
        if !self.fill(&mut header, &mut descriptors)? {
            return Ok(None);
        }
        let mut body = vec![0; decode_header(header)?];
        if !self.fill(&mut body, &mut descriptors)? {
            return Err(SocketError::Cut);
        }
        let message = serde_json::from_slice(&body).map_err(FrameError::from)?;
        Ok(Some((message, descriptors)))
    }

    /// Sends one frame. No error when the host has closed the socket: the next [`Self::receive`] reports that.
    pub(crate) fn send(&self, message: &impl Serialize) -> Result<(), SocketError> {
        match write_frame(&mut &self.0, message) {
            Err(FrameError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Fills the buffer and reads no further, so that descriptors stay with their frame. False when the socket is closed.
    fn fill(&self, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> Result<bool, SocketError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let slices = &mut [IoSliceMut::new(rest)];
            let received = match recvmsg(&self.0, slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => continue,
                // The host closed the socket with answers unread (unix(7)).
                Err(Errno::CONNRESET) if filled == 0 => return Ok(false),
                other => other?,
            };
            for message in ancillary.drain() {
                if let RecvAncillaryMessage::ScmRights(rights) = message {
                    descriptors.extend(rights);
                }
            }
            if received.flags.contains(ReturnFlags::CTRUNC) || (received.bytes == 0 && filled > 0) {
                return Err(SocketError::Cut);
            }
            if received.bytes == 0 {
                return Ok(false);
            }
            filled += received.bytes;
        }
        Ok(true)
    }
}

impl AsFd for FrameSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for FrameSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
