//! The pipes that printed output travels through.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use tokio::net::unix::pipe;

/// What an output pipe holds, in bytes, so that a flood of prints costs few switches between kernel and host.
const PIPE_BYTES: usize = 256 * 1024;
/// The most that is read from a pipe after a call, in bytes: more than a pipe of any size holds.
const MAX_DRAIN: usize = 4 * 1024 * 1024;

/// Both ends of a pipe for output.
pub(super) fn output_pipe() -> io::Result<(pipe::Receiver, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    // A refusal leaves the usual 64 KiB: users other than root have a budget for pipes.
    let _ = rustix::pipe::fcntl_setpipe_size(&writer, PIPE_BYTES);
    Ok((pipe::Receiver::from_owned_fd(reader.into())?, writer.into()))
}

/// Reads what is left in a pipe after a call. Nobody writes any more, so this waits for nothing.
pub(crate) fn drain(pipe: &pipe::Receiver, buffer: &mut [u8], mut take: impl FnMut(&[u8])) {
    let mut drained = 0;
    while drained < MAX_DRAIN {
        match read_now(pipe, buffer) {
            0 => break,
            n => {
                take(buffer.get(..n).unwrap_or_default());
                drained += n;
            }
        }
    }
}

/// Reads what is in a pipe without waiting; 0 at its end, or when there is nothing.
fn read_now(pipe: &pipe::Receiver, buffer: &mut [u8]) -> usize {
    loop {
        match rustix::io::read(pipe.as_fd(), &mut *buffer) {
            Ok(n) => return n,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 0,
        }
    }
}
