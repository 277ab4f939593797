//! The output pipe of a kernel: what it carries, and the header of its records.
//!
//! C code, child processes and `sys.stdout.write` write plain bytes to it, through descriptors 1 and 2. Each `print` of the
//! kernel writes records instead, so that the host knows which bytes belong to one `print`.
//!
//! A pipe keeps the order of writes, and a write of up to `PIPE_BUF` (4,096) bytes is atomic (pipe(7)), so no other bytes
//! get into the middle of a record. A record is `MARK nonce kind id length payload`:
//!
//! | bytes | field |
//! | --- | --- |
//! | 1 | [`MARK`] |
//! | 16 | the nonce of this call; the host draws it at random, so that other output does not look like a record by accident |
//! | 1 | kind, see [`Kind`] |
//! | 4 | little-endian id: all records of one `print` carry the same one |
//! | 2 | little-endian length of the payload, at most [`MAX_PAYLOAD`] |
//!
//! Code in the kernel can read the nonce from its own memory and forge records. That gains it nothing: it could print the
//! same output.

/// The first byte of a record.
pub const MARK: u8 = 0;
/// Bytes of the nonce.
pub const NONCE_LEN: usize = 16;
/// Bytes before the payload.
pub const HEADER_LEN: usize = 1 + NONCE_LEN + 1 + 4 + 2;
/// The most payload that keeps a record within `PIPE_BUF`.
pub const MAX_PAYLOAD: usize = 4096 - HEADER_LEN;

/// The header as a format of Python's `struct` module: mark and nonce together, kind, id, length. The same layout as
/// [`Header::decode`].
pub fn python_header_format() -> String {
    format!("<{}scIH", 1 + NONCE_LEN)
}

/// What a record is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The call begins. Earlier bytes in the pipe belong to no call.
    Begin = b'B',
    /// A part of the text of one `print`; more follows.
    Piece = b'P',
    /// The last part of one `print`: the element is complete.
    Last = b'L',
    /// The call has ended. Later bytes do not belong to it.
    End = b'E',
}

impl Kind {
    /// The kind with this byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [Self::Begin, Self::Piece, Self::Last, Self::End].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The fields of a record's header after mark and nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the record is for.
    pub kind: Kind,
    /// The same in all records of one `print`.
    pub id: u32,
    /// Bytes of payload that follow, at most [`MAX_PAYLOAD`].
    pub payload_len: usize,
}

impl Header {
    /// Reads a header. `None` when the kind is unknown or the payload too long: the bytes are not a record. The caller must
    /// compare mark and nonce.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Option<Self> {
        let [.., kind, a, b, c, d, low, high] = *bytes;
        let payload_len = usize::from(u16::from_le_bytes([low, high]));
        let kind = Kind::from_byte(kind)?;
        (payload_len <= MAX_PAYLOAD).then_some(Self { kind, id: u32::from_le_bytes([a, b, c, d]), payload_len })
    }
}
