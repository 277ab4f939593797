//! Files without a name, which take disk for as long as a process holds them. Blocking.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Stat, statat},
    process::Pid,
};

use super::processes::threads;

/// What proc(5) shows of the descriptors of a process. All its threads have one table (jail::syscalls); one that has ended
/// while others run shows none.
pub(super) fn descriptors(process: Pid) -> Vec<PathBuf> {
    let listed = |thread: Pid| -> Vec<PathBuf> {
        let folder = fs::read_dir(format!("/proc/{process}/task/{thread}/fd"));
        folder.into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let threads = threads(process).unwrap_or_default();
    threads.into_iter().map(listed).find(|found| !found.is_empty()).unwrap_or_default()
}

pub(super) fn is_nameless(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_nlink == 0
}

/// Calls this with each file on the folder's disk that processes hold without a name and without a descriptor: by mappings, or in
/// messages that nobody has received. `None` where that cannot be seen. It takes long, and is for when it matters.
pub(super) fn each_hidden(folder: &Path, processes: &[Pid], mut each: impl FnMut(&Stat)) -> Option<()> {
    let here = statat(CWD, folder, AtFlags::empty()).ok()?;
    let mut seen = HashSet::new();
    for process in processes {
        if descriptors(*process).iter().any(|descriptor| holds_descriptors(descriptor)) {
            return None;
        }
        let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap_or_default();
        for range in maps.lines().filter_map(mapped_without_a_name) {
            // Who is not root of the machine may not follow this link (proc_pid_map_files(5)).
            let stat = statat(CWD, format!("/proc/{process}/map_files/{range}"), AtFlags::empty()).ok()?;
            if is_nameless(&stat) && stat.st_dev == here.st_dev && seen.insert(stat.st_ino) {
                each(&stat);
            }
        }
    }
    Some(())
}

/// True for a socket in which messages with descriptors wait.
fn holds_descriptors(descriptor: &Path) -> bool {
    let is_socket = fs::read_link(descriptor).is_ok_and(|what| what.to_string_lossy().starts_with("socket:"));
    let told = || fs::read_to_string(descriptor.to_string_lossy().replacen("/fd/", "/fdinfo/", 1)).unwrap_or_default();
    is_socket && told().lines().filter_map(|line| line.strip_prefix("scm_fds:")).any(|count| count.trim() != "0")
}

/// The range of a line of proc_pid_maps(5), if it maps a file that is deleted. Shared memory without a file looks like one.
fn mapped_without_a_name(line: &str) -> Option<&str> {
    let (range, rest) = line.split_once(' ')?;
    let is_file =
        rest.ends_with(" (deleted)") && !rest.ends_with("/dev/zero (deleted)") && !rest.contains(" /dev/shm/");
    is_file.then_some(range)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{IoSlice, Read},
        mem::MaybeUninit,
        os::{
            fd::{AsFd, AsRawFd},
            unix::net::UnixStream,
        },
        process::{Command, Stdio},
    };

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    use super::*;

    const MAPS: &str = "import mmap, os, sys
file = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR)
os.write(file, bytes(1 << 20))
kept, shared = mmap.mmap(file, 4096), mmap.mmap(-1, 1 << 20)
os.close(file)
print('ready', flush=True)
sys.stdin.read()";

    #[test]
    fn a_file_counts_that_is_only_mapped() {
        let folder = tempfile::tempdir_in(".").unwrap();
        let mut python = Command::new("python3");
        python.args(["-c", MAPS]).arg(folder.path());
        let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        let mut bytes = 0;
        let seen = each_hidden(folder.path(), &[Pid::from_child(&child)], |stat| bytes += stat.st_blocks * 512);
        drop(child.stdin.take());
        child.wait().unwrap();
        let is_root = rustix::process::geteuid().is_root();
        assert!(if is_root { (1 << 20..2 << 20).contains(&bytes) } else { seen.is_none() }, "{bytes}");
    }

    #[test]
    fn messages_with_descriptors_are_noticed() {
        let (one, other) = UnixStream::pair().unwrap();
        let waiting = PathBuf::from(format!("/proc/self/fd/{}", other.as_raw_fd()));
        assert!(!holds_descriptors(&waiting));
        let files = [one.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        assert!(ancillary.push(SendAncillaryMessage::ScmRights(&files)));
        sendmsg(&one, &[IoSlice::new(b"x")], &mut ancillary, SendFlags::empty()).unwrap();
        assert!(holds_descriptors(&waiting));
    }
}
