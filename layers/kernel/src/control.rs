//! The control socket (descriptor 3), on which a zygote hears from its host.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use rustix::fs::{FileType, fstat};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::frames::FrameSocket;

/// The socket that the host passed as descriptor 3, if there is one.
#[allow(unsafe_code, reason = "a descriptor that was inherited by number")]
pub(crate) fn inherited() -> Option<FrameSocket> {
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
    Some(FrameSocket::new(socket))
}
