//! SIGCHLD as a descriptor, so that the zygote waits for the host and for its kernels at once.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};

/// A signalfd(2) for SIGCHLD, which is blocked while this lives.
pub(crate) struct ChildSignals(OwnedFd);

impl ChildSignals {
    /// Blocks SIGCHLD in this thread, the only one, and opens the descriptor.
    #[allow(unsafe_code, reason = "signalfd has no safe wrapper")]
    pub(crate) fn open() -> io::Result<Self> {
        let set = set_of_sigchld();
        // SAFETY: `set` is an initialised signal set that both calls only read; the old mask is not asked for.
        let descriptor = unsafe {
            if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
        };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: signalfd has just made this descriptor, and nobody else knows it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Forgets what was signalled until now; what ended is asked of wait(2).
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

/// Lets SIGCHLD through again, in a forked kernel: user code may have a handler for it.
#[allow(unsafe_code, reason = "sigprocmask has no safe wrapper")]
pub(crate) fn unblock_in_child() {
    let set = set_of_sigchld();
    // SAFETY: `set` is an initialised signal set that the call only reads.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
}

#[allow(unsafe_code, reason = "signal sets have no safe wrapper")]
fn set_of_sigchld() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before it is added to and taken; neither fails for a valid signal.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        set.assume_init()
    }
}
