//! Messages between the host, the zygote and the kernels, and how they are put on a Unix socket.
//!
//! A frame is one version byte, a little-endian `u32` length, and that many bytes of JSON. The host treats whatever it reads
//! from a kernel as hostile: it checks the length before it allocates, serde_json limits the nesting of JSON, and every
//! path, key, size and id in a message is checked before it is used.
//!
//! Printed output travels through a pipe of its own, not in frames; see [`output`].

mod confinement;
mod frame;
mod kernel;
pub mod limits;
pub mod output;
mod preload;
mod variables;
mod zygote;

pub use confinement::{Cell, Limits, Step, StepReport};
pub use frame::{FrameError, HEADER_LEN, MAX_FRAME, VERSION, decode_header, encode, read_frame, write_frame};
pub use kernel::{Done, Execute, Failure, Frame, FromKernel, Need, Program, Shell, Start, Started, ToKernel};
pub use preload::{PRELOADED, Preloaded, needed_by, needed_to_restore};
pub use variables::{Content, Extent, Fetched, GroupKind, KernelGroup, LostName, Place, StoredGroup, Variables};
pub use zygote::{Ended, Fork, FromZygote, Setup, ToZygote};
