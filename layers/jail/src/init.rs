//! Process 1 of a kernel's process id namespace. It adopts and reaps orphans, and ends when the kernel ends, and with it all
//! that is left in the namespace (pid_namespaces(7)).
//!
//! The kernel itself cannot be process 1: Linux drops the signals to process 1 for which it has no handler, so that code could
//! neither abort nor kill itself. Each process 1 is forked from a small process, the maker, which the zygote forks before it
//! starts Python: a copy of the zygote for each kernel would take milliseconds and memory.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, send, sendmsg, socketpair,
};
use rustix::process::{DumpableBehavior, Pid, Signal, WaitOptions, wait};

use crate::{sys, userns};

/// The kernel's process id in its namespace. Linux counts: 1 is process 1, and 2 the process that forks the kernel.
const KERNEL: i32 = 3;

/// The maker, as the zygote has it.
pub(crate) struct Maker {
    /// Never closed: in a child its number may belong to another file.
    socket: ManuallyDrop<OwnedFd>,
    /// Its process id.
    pub(crate) pid: i32,
}

/// A new namespace and its process 1.
pub(crate) struct Init {
    /// Its process id in the zygote's namespace. It is the zygote's child.
    pub(crate) pid: Pid,
    /// The namespace.
    pub(crate) namespace: OwnedFd,
}

impl Maker {
    /// Forks the maker. The calling process must have one thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let pid = sys::fork()?;
        if pid == 0 {
            drop(ours);
            make_on_request(&theirs);
        }
        // Else the end of a maker that has died would not be seen.
        drop(theirs);
        let maker = Self { socket: ManuallyDrop::new(ours), pid };
        // The system's answer to one request is its answer to all.
        let tried = maker.init()?;
        rustix::process::kill_process(tried.pid, Signal::KILL)?;
        userns::exit_code(tried.pid.as_raw_nonzero().get())?;
        Ok(maker)
    }

    /// Makes a namespace. The maker has one request at a time.
    pub(crate) fn init(&self) -> io::Result<Init> {
        send(&*self.socket, &[0], SendFlags::NOSIGNAL)?;
        let mut number = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let slices = &mut [IoSliceMut::new(&mut number)];
            match recvmsg(&*self.socket, slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        let namespace = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut rights) => rights.next(),
            _ => None,
        });
        let number = i32::from_ne_bytes(number);
        match (Pid::from_raw(number), namespace) {
            _ if received.bytes != size_of::<i32>() => Err(io::ErrorKind::UnexpectedEof.into()),
            (Some(pid), Some(namespace)) => Ok(Init { pid, namespace }),
            _ => Err(io::Error::from_raw_os_error(number)),
        }
    }
}

/// The maker: until the zygote has ended.
fn make_on_request(zygote: &OwnedFd) -> ! {
    let socket = zygote.as_raw_fd();
    let _ = sys::close_range(0, (socket - 1).unsigned_abs());
    let _ = sys::close_range(socket + 1, u32::MAX);
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = rustix::thread::set_name(c"init-maker");
    let _ = sys::block_child_signal();
    loop {
        match rustix::io::read(zygote, &mut [0; 1]) {
            Ok(1..) => {}
            Err(Errno::INTR) => continue,
            _ => sys::exit_now(0),
        }
        match sys::fork_into_new_pid_namespace() {
            Ok(0) => be_init(zygote),
            Ok(_) => {}
            Err(error) => tell_error(zygote, &error),
        }
    }
}

fn tell_error(zygote: &OwnedFd, error: &io::Error) {
    let errno = error.raw_os_error().unwrap_or(libc::EIO);
    let _ = send(zygote, &errno.to_ne_bytes(), SendFlags::NOSIGNAL);
}

/// Process 1.
fn be_init(zygote: &OwnedFd) -> ! {
    // A death of the zygote before this call closes the socket, and then the message cannot be sent.
    let dies = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from);
    if let Err(error) = dies.and_then(|()| introduce(zygote)) {
        tell_error(zygote, &error);
        sys::exit_now(1);
    }
    let _ = sys::close_range(0, u32::MAX);
    let _ = rustix::thread::set_name(c"kernel-init");
    loop {
        sys::await_child_signal();
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid.as_raw_nonzero().get() == KERNEL {
                let signaled = status.terminating_signal().map(|signal| 128 + signal);
                sys::exit_now(status.exit_status().or(signaled).unwrap_or(-1));
            }
        }
    }
}

/// Sends this process's id and namespace, both as the zygote's `/proc` tells them.
fn introduce(zygote: &OwnedFd) -> io::Result<()> {
    let own = std::fs::read_link("/proc/self")?;
    let pid: i32 = own.to_str().and_then(|pid| pid.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let namespace = File::open("/proc/self/ns/pid")?;
    let rights = [namespace.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&rights));
    sendmsg(zygote, &[IoSlice::new(&pid.to_ne_bytes())], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}
