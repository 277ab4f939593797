//! Forking with Python's own preparations around it.

use std::io;

use pyo3::{ffi, prelude::*};
use sandcastle_jail::{Building, Fork};

/// Forks the process in which Python runs; the caller is its only thread.
#[allow(unsafe_code, reason = "CPython's fork hooks have no safe wrapper")]
pub(crate) fn fork_python(_attached: Python<'_>, building: &Building) -> io::Result<Fork> {
    // SAFETY: this thread is attached, as all three hooks demand (docs.python.org, c-api/sys.html#c.PyOS_BeforeFork); each
    // BeforeFork is followed by exactly one of the two others, in the process that it is for. The caller is the only
    // thread, so no lock is held by one that the child lacks.
    unsafe {
        ffi::PyOS_BeforeFork();
        let forked = building.fork();
        match forked {
            Ok(Fork::Child) => ffi::PyOS_AfterFork_Child(),
            _ => ffi::PyOS_AfterFork_Parent(),
        }
        forked
    }
}
