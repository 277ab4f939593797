//! Permission bits.

use serde::{Deserialize, Serialize};

use crate::IdError;

/// The permission bits of a file or folder, `0o000` to `0o777`: no set-user-id, no sticky bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct FileMode(u32);

impl FileMode {
    /// The permission bits of a status' mode, without its other bits.
    pub const fn of(st_mode: u32) -> Self {
        Self(st_mode & 0o777)
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for FileMode {
    type Error = IdError;

    fn try_from(bits: u32) -> Result<Self, IdError> {
        if bits <= 0o777 { Ok(Self(bits)) } else { Err(IdError { what: "file mode" }) }
    }
}

impl From<FileMode> for u32 {
    fn from(mode: FileMode) -> Self {
        mode.0
    }
}
