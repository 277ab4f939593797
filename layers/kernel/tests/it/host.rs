//! The smallest host: a zygote, its kernels, and what they answer.

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

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use sandcastle_protocol::output::{HEADER_LEN, Kind, MARK, NONCE_LEN};
use sandcastle_protocol::{
    Cell, Done, Execute, Fork, FromKernel, FromZygote, Limits, Setup, Start, Started, ToKernel, ToZygote, encode,
    read_frame, write_frame,
};

/// User ids of kernels start here; each slot has its own.
const FIRST_UID: u32 = 40_000;

pub(crate) struct Host {
    pub(crate) control: UnixStream,
    process: Child,
    folder: tempfile::TempDir,
    slots: u64,
}

impl Host {
    /// A zygote without packages.
    pub(crate) fn plain() -> Self {
        Self::start(None, false, &[])
    }

    pub(crate) fn start(site_packages: Option<PathBuf>, preload: bool, required: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (mut control, theirs) = UnixStream::pair().unwrap();
        // The shell puts the socket, its own stdin, at descriptor 3.
        let process = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" 3<&0 </dev/null", env!("CARGO_BIN_EXE_sandcastle-kernel")])
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let limits = Limits { memory_bytes: 4 << 30, processes: 64, file_bytes: 1 << 30, open_files: 1024 };
        let required = required.iter().map(|step| (*step).to_owned()).collect();
        let cell = Cell { kernels_dir: folder.path().to_owned(), readable: Vec::new(), required, limits };
        let setup = Setup { python_home: None, site_packages, preload, cell };
        write_frame(&mut control, &ToZygote::Setup(setup)).unwrap();
        let mut host = Self { control, process, folder, slots: 0 };
        assert!(matches!(host.receive(), FromZygote::Ready { .. }));
        host
    }

    pub(crate) fn receive(&mut self) -> FromZygote {
        read_frame(&mut self.control).unwrap().expect("the zygote is there")
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
        self.send_fork(&Fork { name: slot, slot, uid }, &[their_frames.as_fd(), writer.as_fd()]);
        drop((their_frames, writer));
        let pid = loop {
            match self.receive() {
                FromZygote::Forked { pid, .. } => break pid,
                FromZygote::Ended { .. } => {} // an earlier kernel, dropped
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
        (kernel, started)
    }

    /// Sends a fork with any descriptors, in one message.
    pub(crate) fn send_fork(&self, fork: &Fork, descriptors: &[std::os::fd::BorrowedFd<'_>]) {
        let bytes = encode(&ToZygote::Fork(Fork { name: fork.name, slot: fork.slot, uid: fork.uid })).unwrap();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(descriptors.is_empty() || ancillary.push(SendAncillaryMessage::ScmRights(descriptors)));
        let sent = sendmsg(&self.control, &[IoSlice::new(&bytes)], &mut ancillary, SendFlags::empty()).unwrap();
        assert_eq!(sent, bytes.len());
    }

    /// Closes the control socket; the zygote ends then.
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
    pub(crate) pid: i32,
    pub(crate) files: PathBuf,
    pub(crate) frames: UnixStream,
    output: Receiver<Vec<u8>>,
    unread: Vec<u8>,
    calls: u64,
}

/// How a call ended, and its output's elements.
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

    /// The elements of code that ends without an exception.
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
        let call = Execute { nonce, code: code.to_owned(), display_last, limit_ms: 2_500 };
        write_frame(&mut self.frames, &ToKernel::Execute(call)).unwrap();
    }

    /// Waits until the running call has printed this.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.unread.windows(text.len()).any(|part| part == text.as_bytes()) {
            self.unread.extend(self.output.recv().expect("the kernel writes on"));
        }
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let Some(FromKernel::Done(done)) = read_frame(&mut self.frames).unwrap() else { panic!("no answer") };
        let mut mark = vec![MARK];
        mark.extend(u128::from(self.calls).to_be_bytes());
        loop {
            if let Some(elements) = elements(&self.unread, &mark) {
                self.unread.clear();
                return Answer { done, elements };
            }
            self.unread.extend(self.output.recv().expect("the call's end is marked"));
        }
    }
}

/// The elements in the pipe's bytes, once the call's end is among them.
fn elements(bytes: &[u8], mark: &[u8]) -> Option<Vec<String>> {
    let (mut found, mut raw, mut printed) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest: VecDeque<u8> = bytes.iter().copied().collect();
    loop {
        let window = rest.make_contiguous();
        if !window.starts_with(mark) {
            match rest.pop_front()? {
                b'\n' => found.push(text(&mut raw)),
                byte => raw.push(byte),
            }
            continue;
        }
        let kind = Kind::from_byte(*window.get(1 + NONCE_LEN)?).expect("a known kind");
        let length = usize::from(u16::from_le_bytes(window.get(HEADER_LEN - 2..HEADER_LEN)?.try_into().ok()?));
        let record: Vec<u8> = rest.drain(..HEADER_LEN + length).collect();
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
