//! The output pipe of a kernel: raw bytes of anybody who writes to descriptor 1 or 2 (C code, child processes,
//! `sys.stdout.write`), and between them records that mark what single `print` calls wrote.
//!
//! A pipe keeps the order of arrival, and a write of up to `PIPE_BUF` (4,096) bytes is atomic (pipe(7)), so a record
//! is never cut by a neighbour's bytes. A record is `MARK nonce kind id length payload`:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | [`MARK`] |
//! | 16 | the nonce of this call, random, from the host: no output can look like a record by accident |
//! | 1 | kind, see [`Kind`] |
//! | 4 | little-endian id: pieces of one `print` carry the same one |
//! | 2 | little-endian length of the payload, at most [`MAX_PAYLOAD`] |
//!
//! Code in the kernel can read the nonce from its own memory and forge records; all it gains is output of its own.

/// The first byte of a record.
pub const MARK: u8 = 0;
/// Bytes of the nonce.
pub const NONCE_LEN: usize = 16;
/// Bytes before the payload.
pub const HEADER_LEN: usize = 1 + NONCE_LEN + 1 + 4 + 2;
/// The most payload that keeps a record within `PIPE_BUF`.
pub const MAX_PAYLOAD: usize = 4096 - HEADER_LEN;

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The call begins: whatever stands before it in the pipe belongs to nobody.
    Begin = b'B',
    /// A piece of the text of one `print`, more to follow.
    Piece = b'P',
    /// The last piece of one `print`: the element is complete.
    Last = b'L',
    /// The call has ended: nothing after it belongs to the call.
    End = b'E',
}

impl Kind {
    /// The kind of that byte, if there is one.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Begin, Self::Piece, Self::Last, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}
