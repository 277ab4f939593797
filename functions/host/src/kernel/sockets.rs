//! Memory in the buffers of sockets: it is Linux's own, and counts for no process.

use std::{fs, os::unix::fs::MetadataExt};

use rustix::process::Pid;

/// As many sockets as a program may have before they count: what it has needs hardly any memory.
const UNCOUNTED: u64 = 64;
/// What a socket may hold that was sent and is not read, where Linux does not say, in bytes.
const USUAL_BUFFER: u64 = 212_992;

/// What the sockets in a kernel's network namespace may hold, in bytes; 0 where it has none of its own. How much they do hold Linux
/// tells to nobody outside; their buffers cannot be made longer, which the jail's rules hold.
pub(crate) fn socket_bytes(kernel: Pid) -> u64 {
    let path = format!("/proc/{kernel}/net/sockstat");
    // Each network namespace has its own file.
    let inode = |path: &str| fs::metadata(path).ok().map(|file| file.ino());
    if inode(&path) == inode("/proc/self/net/sockstat") {
        return 0;
    }
    let sockets = fs::read_to_string(path).ok().and_then(|text| used(&text)).unwrap_or(0).saturating_sub(UNCOUNTED);
    if sockets == 0 {
        return 0;
    }
    let buffer = fs::read_to_string("/proc/sys/net/core/wmem_default").ok().and_then(|text| text.trim().parse().ok());
    sockets.saturating_mul(buffer.unwrap_or(USUAL_BUFFER))
}

/// The number in the line `sockets: used 3`.
fn used(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("sockets: used ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_counted_as_linux_writes_them() {
        assert_eq!(used("sockets: used 317\nTCP: inuse 0 orphan 0 tw 0 alloc 3 mem 41\n"), Some(317));
        assert_eq!(used("TCP: inuse 5\n"), None);
        assert_eq!(socket_bytes(rustix::process::getpid()), 0);
    }
}
