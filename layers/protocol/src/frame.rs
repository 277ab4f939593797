//! Frames: a version byte, a length and JSON. Encoding for host and kernel; blocking reads and writes for the kernel.

use std::io::{self, Read, Write};

use serde::{Serialize, de::DeserializeOwned};

/// The first byte of every frame. Host and kernel must come from one build; another version means an outdated layer.
pub const VERSION: u8 = 1;
/// Bytes before the JSON: version and length.
pub const HEADER_LEN: usize = 5;
/// The largest frame, in bytes of JSON. Code of 1 MiB takes 6 MiB when JSON escapes every byte.
pub const MAX_FRAME: usize = 16 * 1024 * 1024;

/// Why a frame could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side uses another version: kernel and host do not come from one build.
    #[error("frame version {found}, expected {VERSION}: kernel and host are not from one build")]
    Version {
        /// The version byte that was read.
        found: u8,
    },
    /// Longer than [`MAX_FRAME`].
    #[error("frame of {len} bytes exceeds the limit of {MAX_FRAME}")]
    TooLong {
        /// The length in the header, or of the encoded message.
        len: usize,
    },
    /// It has more elements than any message that is meant.
    #[error("a frame has more than {most} elements")]
    TooMany {
        /// The most.
        most: usize,
    },
    /// The JSON is not the expected message.
    #[error("decode a frame")]
    Json(#[from] serde_json::Error),
    /// The socket failed, or was closed within a frame.
    #[error("read or write a frame")]
    Io(#[from] io::Error),
}

/// The bytes of one frame.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![VERSION, 0, 0, 0, 0];
    serde_json::to_writer(&mut bytes, message)?;
    let len = bytes.len() - HEADER_LEN;
    let announced = u32::try_from(len).ok().filter(|_| len <= MAX_FRAME).ok_or(FrameError::TooLong { len })?;
    if let Some(field) = bytes.get_mut(1..HEADER_LEN) {
        field.copy_from_slice(&announced.to_le_bytes());
    }
    Ok(bytes)
}

/// The number of bytes of JSON that follow this header.
pub fn decode_header(header: [u8; HEADER_LEN]) -> Result<usize, FrameError> {
    let [version, a, b, c, d] = header;
    if version != VERSION {
        return Err(FrameError::Version { found: version });
    }
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    if len > MAX_FRAME { Err(FrameError::TooLong { len }) } else { Ok(len) }
}

/// Reads one frame, blocking; `None` when the other side closed the socket between frames.
pub fn read_frame<T: DeserializeOwned>(from: &mut impl Read) -> Result<Option<T>, FrameError> {
    let mut header = [0; HEADER_LEN];
    let mut filled = 0;
    while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut body = vec![0; decode_header(header)?];
    from.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes one frame, blocking.
pub fn write_frame<T: Serialize>(to: &mut impl Write, message: &T) -> Result<(), FrameError> {
    to.write_all(&encode(message)?)?;
    Ok(())
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
