//! Resource limits, soft as well as hard, so that they cannot be raised again.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Resource limits of a kernel and of each process it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Private writable memory, in bytes. What the kernel has from its zygote counts.
    pub memory_bytes: u64,
    /// Processes and threads of the kernel, its own included.
    pub processes: u64,
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Open descriptors.
    pub open_files: u64,
}

/// Address space beyond the memory limit. Reserving costs nothing, and OpenBLAS, Arrow's allocators and thread stacks
/// reserve much; shared mappings, which no other limit counts, end here.
const RESERVE_BYTES: u64 = 16 << 30;
/// Linux's default, which Python's recursion limit is made for.
const STACK_BYTES: u64 = 8 << 20;

/// Puts the limits in force. `others` are the processes and threads that run under the kernel's user id already, which
/// RLIMIT_NPROC counts as well.
pub(crate) fn install(limits: &Limits, others: u64) -> io::Result<()> {
    let wanted = [
        (Resource::Data, limits.memory_bytes),
        (Resource::As, limits.memory_bytes.saturating_add(RESERVE_BYTES)),
        (Resource::Nproc, limits.processes.saturating_add(others)),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, limits.open_files),
        (Resource::Stack, STACK_BYTES),
        (Resource::Core, 0),
        (Resource::Memlock, 0),
        (Resource::Msgqueue, 0),
    ];
    for (resource, bound) in wanted {
        // A lower limit that the host runs under stays: raising it needs privileges, and nobody asked for it.
        let bound = getrlimit(resource).maximum.map_or(bound, |hard| hard.min(bound));
        setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) })
            .map_err(|error| io::Error::other(format!("{resource:?} {bound}: {}", io::Error::from(error))))?;
    }
    Ok(())
}

/// How many processes and threads besides this process run under this user id now, as far as `/proc` tells.
pub(crate) fn others(uid: u32) -> u64 {
    let own = rustix::process::getpid().as_raw_pid().to_string();
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    processes
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter(|entry| entry.file_name() != own.as_str())
        .filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok())
        .filter(|status| field(status, "Uid:") == Some(u64::from(uid)))
        .filter_map(|status| field(&status, "Threads:"))
        .sum()
}

/// The first number of a line of `/proc/<pid>/status`.
fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
