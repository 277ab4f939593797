//! Signals: SIGCHLD as a descriptor (signalfd(2)), so that the zygote can wait for the host and for its kernels at once, and the
//! usual effect of the others.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// A signalfd(2) for SIGCHLD. The signal stays blocked.
pub(crate) struct ChildSignals(OwnedFd);

impl ChildSignals {
    /// Blocks SIGCHLD in the calling thread, which must be the only one, and opens the descriptor.
    #[allow(unsafe_code, reason = "signalfd has no safe wrapper")]
    pub(crate) fn open() -> io::Result<Self> {
        let set = set_of_sigchld();
        // SAFETY: `set` is an initialised signal set that both calls only read; the old mask is not requested.
        let descriptor = unsafe {
            if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd has just made this descriptor, and nothing else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Discards the signals so far. wait(2) tells which processes have ended.
    pub(crate) fn drain(&self) {
        let mut buffer = [0; size_of::<libc::signalfd_siginfo>() * 8];
        while rustix::io::read(&self.0, &mut buffer).is_ok_and(|read| read > 0) {}
    }
}

impl AsFd for ChildSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Makes signals do what they do in `python`. The handlers of Rust's runtime, which tell of a stack overflow, each swallow the first
/// SIGSEGV and SIGBUS that a process sends itself; and a file that grows too large must be an OSError.
#[allow(unsafe_code, reason = "signal has no safe wrapper")]
pub(crate) fn set_as_in_python() {
    for (signal, action) in
        [(libc::SIGSEGV, libc::SIG_DFL), (libc::SIGBUS, libc::SIG_DFL), (libc::SIGXFSZ, libc::SIG_IGN)]
    {
        // SAFETY: neither action needs a function of this program.
        unsafe { libc::signal(signal, action) };
    }
}

/// Unblocks SIGCHLD in a forked kernel: user code may have a handler for it.
#[allow(unsafe_code, reason = "sigprocmask has no safe wrapper")]
pub(crate) fn unblock_in_child() {
    let set = set_of_sigchld();
    // SAFETY: `set` is an initialised signal set that the call only reads.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
}

#[allow(unsafe_code, reason = "signal sets have no safe wrapper")]
fn set_of_sigchld() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before it is changed and read; neither call fails for a valid signal.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        set.assume_init()
    }
}
