//! Forks a process that runs Python.

use std::io;

use pyo3::{ffi, prelude::*};
use sandcastle_jail::{Fork, Jail};

/// Forks, with the calls that CPython demands before and after it. The calling thread must be the only one.
#[allow(unsafe_code, reason = "CPython's fork hooks have no safe wrapper")]
pub(crate) fn fork_python(_attached: Python<'_>, jail: &Jail) -> io::Result<Fork> {
    // SAFETY: this thread is attached, as all three hooks demand (docs.python.org, c-api/sys.html#c.PyOS_BeforeFork); each
    // BeforeFork is followed by exactly one of the two others, in the process that it is for. The caller is the only
    // thread, so no other thread holds a lock that the child would never get.
    unsafe {
        ffi::PyOS_BeforeFork();
        let forked = jail.fork();
        match forked {
            Ok(Fork::Child) => ffi::PyOS_AfterFork_Child(),
            _ => ffi::PyOS_AfterFork_Parent(),
        }
        forked
    }
}
