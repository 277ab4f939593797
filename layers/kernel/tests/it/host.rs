//! A minimal host: starts a zygote and its kernels, and reads their answers.

use std::collections::VecDeque;
use std::fs;
use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use sandcastle_protocol::output::{HEADER_LEN, Header, Kind, MARK};
use sandcastle_protocol::{
    Cell, Done, Execute, Fork, FromKernel, FromZygote, Limits, PRELOADED, Setup, Start, Started, Step, ToKernel,
    ToZygote, encode, read_frame, write_frame,
};

/// The first user id of kernels; each slot has its own.
const FIRST_UID: u32 = 40_000;

pub(crate) struct Host {
    pub(crate) control: UnixStream,
    process: Child,
    folder: tempfile::TempDir,
    slots: u64,
    /// A kernel is forked when so many modules have been imported.
    after: usize,
}

impl Host {
    /// A zygote without packages.
    pub(crate) fn plain() -> Self {
        Self::start(None, false)
    }

    pub(crate) fn start(site_packages: Option<PathBuf>, preload: bool) -> Self {
        Self::set_up(site_packages, preload, Vec::new(), Vec::new())
    }

    /// A zygote without packages whose kernels have no root of their own, since no jail accepts this readable path.
    pub(crate) fn without_own_root(required: &[Step]) -> Self {
        Self::set_up(None, false, vec![PathBuf::from("/etc")], required.to_vec())
    }

    fn set_up(site_packages: Option<PathBuf>, preload: bool, readable: Vec<PathBuf>, required: Vec<Step>) -> Self {
        let mut host = Self::spawn(site_packages, preload, readable, required);
        assert!(matches!(host.receive(), FromZygote::Ready { .. }));
        host
    }

    /// What a zygote says that imports packages while it is asked for forks after so many modules. It refuses these forks when
    /// their time has come, since they have no descriptors.
    pub(crate) fn said_while_importing(site_packages: PathBuf, forks_after: &[usize]) -> Vec<FromZygote> {
        let mut host = Self::spawn(Some(site_packages), true, Vec::new(), Vec::new());
        for (name, after) in (1..).zip(forks_after) {
            host.send_fork(&Fork { name, slot: name, uid: FIRST_UID, program: false, after: *after }, &[]);
        }
        let mut said = Vec::new();
        while !matches!(said.last(), Some(FromZygote::Imported { modules }) if *modules == PRELOADED.len()) {
            said.push(host.receive());
        }
        said
    }

    fn spawn(site_packages: Option<PathBuf>, preload: bool, readable: Vec<PathBuf>, required: Vec<Step>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (mut control, theirs) = UnixStream::pair().unwrap();
        // The shell passes the socket, which is its stdin, on as descriptor 3.
        let process = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" 3<&0 </dev/null", env!("CARGO_BIN_EXE_sandcastle-kernel")])
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let limits = Limits { memory_bytes: 4 << 30, processes: 64, file_bytes: 1 << 30, open_files: 1024 };
        let cell = Cell { kernels_dir: folder.path().to_owned(), readable, required, limits };
        let setup = Setup { python_home: None, site_packages, preload, audit: false, cell };
        write_frame(&mut control, &ToZygote::Setup(setup)).unwrap();
        let after = if preload { PRELOADED.len() } else { 0 };
        Self { control, process, folder, slots: 0, after }
    }

    pub(crate) fn receive(&mut self) -> FromZygote {
        read_frame(&mut self.control).unwrap().expect("the zygote has not closed the socket")
    }

    /// A kernel for a new sandbox.
    pub(crate) fn kernel(&mut self) -> Kernel {
        self.kernel_with(Start::default())
    }

    pub(crate) fn kernel_with(&mut self, start: Start) -> Kernel {
        let (kernel, started) = self.try_kernel(start);
        assert_eq!(started.refused, None);
        kernel
    }

    pub(crate) fn try_kernel(&mut self, start: Start) -> (Kernel, Started) {
        self.slots += 1;
        let (slot, uid) = (self.slots, FIRST_UID + u32::try_from(self.slots).unwrap());
        let folder = self.folder.path().join(slot.to_string());
        for name in ["files", "tmp"] {
            fs::create_dir_all(folder.join(name)).unwrap();
            if rustix::process::geteuid().is_root() {
                chown(folder.join(name), Some(uid), Some(uid)).unwrap();
            }
        }
        let (frames, their_frames) = UnixStream::pair().unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let exchange = tempfile::tempfile().unwrap();
        let fork = Fork { name: slot, slot, uid, program: false, after: self.after };
        self.send_fork(&fork, &[their_frames.as_fd(), writer.as_fd(), exchange.as_fd()]);
        drop((their_frames, writer, exchange));
        let pid = loop {
            match self.receive() {
                FromZygote::Forked { pid, .. } => break pid,
                // Ended: an earlier kernel, which was dropped.
                FromZygote::Ended { .. } | FromZygote::Imported { .. } => {}
                other => panic!("no kernel was forked: {other:?}"),
            }
        };
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(read) = reader.read(&mut buffer) {
                if read == 0 || sender.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut kernel = Kernel { pid, files: folder.join("files"), frames, output, unread: Vec::new(), calls: 0 };
        write_frame(&mut kernel.frames, &ToKernel::Start(start)).unwrap();
        let Some(FromKernel::Started(started)) = read_frame(&mut kernel.frames).unwrap() else {
            panic!("the kernel did not start")
        };
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        kernel.pid = children.split_whitespace().next().map_or(pid, |child| child.parse().unwrap());
        (kernel, started)
    }

    /// Sends a fork with any descriptors, in one message.
    pub(crate) fn send_fork(&self, fork: &Fork, descriptors: &[std::os::fd::BorrowedFd<'_>]) {
        let bytes = encode(&ToZygote::Fork(fork.clone())).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(descriptors.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(descriptors)));
        let sent = sendmsg(&self.control, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::empty()).unwrap();
        assert_eq!(sent, bytes.len());
    }

    /// Closes the control socket, which ends the zygote.
    pub(crate) fn close(mut self) {
        self.control.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.control.shutdown(std::net::Shutdown::Both);
        let _ = self.process.wait();
    }
}

pub(crate) struct Kernel {
    /// Its own process, not process 1 of its namespace.
    pub(crate) pid: i32,
    pub(crate) files: PathBuf,
    pub(crate) frames: UnixStream,
    output: Receiver<Vec<u8>>,
    unread: Vec<u8>,
    /// Calls that were sent so far.
    pub(crate) calls: u64,
}

/// How a call ended, and the elements of its output.
pub(crate) struct Answer {
    pub(crate) done: Done,
    pub(crate) elements: Vec<String>,
}

impl Answer {
    pub(crate) fn error(&self) -> &str {
        self.done.failure.as_ref().map_or("", |failure| &failure.error)
    }

    pub(crate) fn traceback(&self) -> String {
        self.done.failure.as_ref().map(|failure| failure.traceback.join("\n")).unwrap_or_default()
    }

    /// Names of the data frames that the call has changed.
    pub(crate) fn changed(&self) -> Vec<&str> {
        self.done.dataframes.iter().filter(|frame| frame.changed).map(|frame| frame.name.as_str()).collect()
    }
}

impl Kernel {
    pub(crate) fn run(&mut self, code: &str) -> Answer {
        self.send(code, false);
        self.answer()
    }

    /// Runs code that must end without an exception. Returns the elements of its output.
    pub(crate) fn output(&mut self, code: &str) -> Vec<String> {
        let answer = self.run(code);
        assert_eq!(answer.error(), "", "{}", answer.traceback());
        answer.elements
    }

    pub(crate) fn display(&mut self, code: &str) -> Answer {
        self.send(code, true);
        self.answer()
    }

    pub(crate) fn send(&mut self, code: &str, display_last: bool) {
        self.calls += 1;
        let nonce = format!("{:032x}", self.calls);
        let call = Execute {
            call: self.calls,
            nonce,
            code: code.to_owned(),
            display_last,
            limit_ms: 900,
            new_exchange: false,
            stored: None,
            everything: false,
        };
        write_frame(&mut self.frames, &ToKernel::Execute(call)).unwrap();
    }

    /// Waits until the running call has printed this.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.unread.windows(text.len()).any(|part| part == text.as_bytes()) {
            self.unread.extend(self.output.recv().expect("the kernel still has the pipe open"));
        }
    }

    /// Whether the kernel says something within this time.
    pub(crate) fn has_spoken(&self, within: Duration) -> bool {
        let within = Timespec::try_from(within).unwrap();
        poll(&mut [PollFd::new(&self.frames, PollFlags::IN)], Some(&within)).unwrap() > 0
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let ended = read_frame(&mut self.frames).unwrap();
        assert!(matches!(ended, Some(FromKernel::CodeEnded)), "no answer");
        let Some(FromKernel::Done(done)) = read_frame(&mut self.frames).unwrap() else { panic!("no answer") };
        assert_eq!(done.call, self.calls);
        let mut start = vec![MARK];
        start.extend(u128::from(self.calls).to_be_bytes());
        loop {
            if let Some(elements) = elements(&self.unread, &start) {
                self.unread.clear();
                return Answer { done: *done, elements };
            }
            self.unread.extend(self.output.recv().expect("the kernel marks the end of the call"));
        }
    }
}

/// The elements in the pipe's bytes. `None` as long as the end of the call is not among them.
fn elements(bytes: &[u8], start: &[u8]) -> Option<Vec<String>> {
    let (mut found, mut raw, mut printed) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest: VecDeque<u8> = bytes.iter().copied().collect();
    loop {
        let window = rest.make_contiguous();
        if !window.starts_with(start) {
            match rest.pop_front()? {
                b'\n' => found.push(text(&mut raw)),
                byte => raw.push(byte),
            }
            continue;
        }
        let Header { kind, payload_len, .. } = Header::decode(window.first_chunk()?).expect("a valid header");
        let record: Vec<u8> = rest.drain(..HEADER_LEN + payload_len).collect();
        if kind == Kind::Begin {
            raw.clear();
            found.clear();
        } else if !raw.is_empty() {
            found.push(text(&mut raw));
        }
        printed.extend(&record[HEADER_LEN..]);
        match kind {
            Kind::Last => found.push(text(&mut printed)),
            Kind::End => return Some(found),
            Kind::Begin | Kind::Piece => {}
        }
    }
}

fn text(bytes: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(bytes)).into_owned()
}
