//! Limits of what a kernel sends to its host. The kernel keeps to them: its Rust code hands them to its Python code. The host
//! does not trust a kernel and checks again against its own limits.

/// Most top-level names in [`Done::names`](crate::Done::names).
pub const MAX_NAMES: usize = 10_000;
/// Most bytes of JSON that [`Done::names`](crate::Done::names) takes, so that the frame stays below
/// [`MAX_FRAME`](crate::MAX_FRAME).
pub const MAX_NAMES_JSON_BYTES: usize = 1 << 20;
/// Most bytes of JSON that the names of groups of variables take, and as many for those that are not stored, with their reasons.
/// Beside them, the places of [`MAX_PIECES`] take most of a frame that the host reads.
pub const MAX_TOLD_NAMES_JSON_BYTES: usize = 3 << 19;
/// The longest top-level name that is reported, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Most data frames in [`Done::dataframes`](crate::Done::dataframes).
pub const MAX_DATAFRAMES: usize = 1_000;
/// The longest [`Failure::error`](crate::Failure::error), in bytes.
pub const MAX_ERROR_BYTES: usize = 64 << 10;
/// The longest [`Failure::traceback`](crate::Failure::traceback), in bytes of all lines and their ends.
pub const MAX_TRACEBACK_BYTES: usize = 32 << 10;
/// The longest line of a traceback, in bytes.
pub const MAX_TRACEBACK_LINE_BYTES: usize = 2 << 10;
/// The longest [`Done::env`](crate::Done::env), in bytes of names and values.
pub const MAX_ENV_BYTES: usize = 64 << 10;
/// The longest element of output that a `print` writes, in bytes. The host keeps less of it.
pub const MAX_ELEMENT_BYTES: usize = 6 << 20;
/// The longest [`LostName::reason`](crate::LostName::reason) that a NameError quotes, in bytes.
pub const MAX_LOST_REASON_BYTES: usize = 1 << 10;
/// The longest [`Program::source`](crate::Program::source), in bytes: it is one argument of execve(2), which takes 128 KiB
/// with the final NUL byte.
pub const MAX_PROGRAM_BYTES: usize = (128 << 10) - 1;
/// The most that a kernel stores of its variables in one call, in bytes.
pub const MAX_STORED_BYTES: usize = 1 << 30;
/// Most groups of variables.
pub const MAX_GROUPS: usize = 20_000;
/// Most buffers of one group.
pub const MAX_BUFFERS: usize = 20_000;
/// Most pickles and buffers that are stored in one call.
pub const MAX_PIECES: usize = 100_000;
/// A piece of so many bytes is mapped by the kernel, and begins at a multiple of this in its file.
pub const MAPPED_BYTES: usize = 64 << 10;
/// Most descriptors that come with one message.
pub const MAX_DESCRIPTORS: usize = 32;
/// The longest reason why a value cannot be stored, in bytes.
pub const MAX_REASON_BYTES: usize = 200;
