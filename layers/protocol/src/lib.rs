//! Frames between the host, the zygote and the kernels: what is said, and how it is put on a Unix socket.
//!
//! A frame is one version byte, a little-endian `u32` length, and that many bytes of JSON. The host treats whatever
//! it reads from a kernel as hostile: the length is capped before anything is allocated, JSON nesting is limited by
//! serde_json, and no path, key, size or id in a message is believed.
//!
//! Printed output does not travel in frames but through a pipe of its own; see [`output`].

mod frame;
pub mod output;

mod kernel;
mod zygote;

pub use frame::{FrameError, HEADER_LEN, MAX_FRAME, VERSION, decode_header, encode, read_frame, write_frame};
pub use kernel::{Done, Execute, Failure, Frame, FromKernel, LostName, Program, Shell, Start, Started, ToKernel};
pub use zygote::{Cell, Ended, Fork, FromZygote, Limits, Setup, StepReport, ToZygote};
