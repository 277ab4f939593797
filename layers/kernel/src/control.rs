//! The control socket (descriptor 3): receives frames from the host, some with descriptors, and sends answers.

use std::io::{ErrorKind, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{FileType, fstat};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use sandcastle_protocol::{FrameError, FromZygote, HEADER_LEN, ToZygote, decode_header, write_frame};

/// Most descriptors that come with a frame: frame socket, output pipe and error pipe.
const MAX_DESCRIPTORS: usize = 3;

/// Why no frame could be received.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// The frame is malformed or the socket failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// recvmsg failed.
    #[error("receive from the control socket")]
    Receive(#[from] Errno),
    /// The host closed the socket within a frame, or attached too many descriptors.
    #[error("incomplete frame on the control socket")]
    Cut,
}

/// The zygote's end of the control socket.
pub(crate) struct Control(UnixStream);

impl Control {
    /// The socket that the host passed as descriptor 3, if there is one.
    #[allow(unsafe_code, reason = "a descriptor that was inherited by number")]
    pub(crate) fn inherited() -> Option<Self> {
        // SAFETY: called at the start of main, when nothing in this process has opened or owns a descriptor above 2; the
        // borrow ends before the descriptor gets an owner, and it gets no other owner.
        let is_socket = fstat(unsafe { BorrowedFd::borrow_raw(3) })
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket);
        if !is_socket {
            return None;
        }
        // SAFETY: see above; fstat has shown that it is open.
        let socket = unsafe { OwnedFd::from_raw_fd(3) };
        fcntl_setfd(&socket, FdFlags::CLOEXEC).ok()?;
        Some(Self(socket.into()))
    }

    /// The next frame and its descriptors; `None` when the host has closed the socket.
    pub(crate) fn receive(&self) -> Result<Option<(ToZygote, Vec<OwnedFd>)>, ControlError> {
        let mut descriptors = Vec::new();
        let mut header = [0; HEADER_LEN];
        if !self.fill(&mut header, &mut descriptors)? {
            return Ok(None);
        }
        let mut body = vec![0; decode_header(header)?];
        if !self.fill(&mut body, &mut descriptors)? {
            return Err(ControlError::Cut);
        }
        let message = serde_json::from_slice(&body).map_err(FrameError::from)?;
        Ok(Some((message, descriptors)))
    }

    /// Sends one frame. No error when the host has closed the socket: the next [`Control::receive`] reports that.
    pub(crate) fn send(&mut self, message: &FromZygote) -> Result<(), ControlError> {
        match write_frame(&mut self.0, message) {
            Err(FrameError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Fills the buffer and reads no further, so that descriptors stay with their frame. False when the socket is closed.
    fn fill(&self, buffer: &mut [u8], descriptors: &mut Vec<OwnedFd>) -> Result<bool, ControlError> {
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
                return Err(ControlError::Cut);
            }
            if received.bytes == 0 {
                return Ok(false);
            }
            filled += received.bytes;
        }
        Ok(true)
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
