//! The zygote's right to make namespaces.

use std::io;
use std::os::fd::AsFd;

use crate::userns;

/// Where the right to make namespaces comes from.
pub(crate) enum Privilege {
    /// The zygote is root, and each kernel changes to an unprivileged user id.
    Root,
    /// The zygote owns a user namespace, and each kernel enters an empty one of its own.
    UserNamespace,
    /// The zygote has no such right, for this reason.
    None(String),
}

impl Privilege {
    /// The right of the calling process. Enters a user namespace when it is not root.
    pub(crate) fn obtain() -> Self {
        if rustix::process::geteuid().is_root() {
            return Self::Root;
        }
        let entered =
            userns::is_available().and_then(|()| userns::proc_self()).and_then(|own| userns::enter(own.as_fd()));
        entered.map_or_else(|error: io::Error| Self::None(error.to_string()), |()| Self::UserNamespace)
    }
}
