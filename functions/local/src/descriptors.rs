//! The server's limit on open descriptors.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The fewest with which the server starts. It needs one for each connection and a few for each kernel. Besides, Linux refuses to pass
/// descriptors to a process once the user has as many under way as the process may have open (unix(7)); kernels of the same user may
/// have a thousand under way.
const FEWEST: u64 = 4096;

/// Raises the limit to what the system allows; what it is, if that is too low.
pub(crate) fn raise() -> Result<(), u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let now = if raised.is_ok() { maximum } else { current };
    // None: no limit.
    match now {
        Some(now) if now < FEWEST => Err(now),
        _ => Ok(()),
    }
}
