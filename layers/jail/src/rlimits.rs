//! Resource limits (getrlimit(2)). Soft and hard limits are equal, so the kernel cannot raise them.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sandcastle_protocol::Limits;

/// Address space beyond the memory limit. Reserved address space costs no memory, and OpenBLAS, Arrow's allocators and
/// thread stacks reserve much of it. This is the only limit that counts shared mappings.
const RESERVE_BYTES: u64 = 16 << 30;
/// Queued signals, which Linux counts for each user.
const PENDING_SIGNALS: u64 = 1024;
/// Linux's default. Python's recursion limit assumes it.
const STACK_BYTES: u64 = 8 << 20;

/// No file of a core dump is so short. Zero would not do: where the machine hands dumps to a program, that runs as root, outside
/// of all limits, and for every limit but this one (core(5); `do_coredump` in Linux). The filter of system calls keeps it.
const NO_CORE_DUMP: u64 = 1;

/// Sets the limits. `others` is the number of processes and threads that run under the kernel's user id already:
/// RLIMIT_NPROC counts them too.
pub(crate) fn install(limits: &Limits, others: u64) -> io::Result<()> {
    let wanted = [
        (Resource::Data, limits.memory_bytes),
        (Resource::As, limits.memory_bytes.saturating_add(RESERVE_BYTES)),
        (Resource::Nproc, limits.processes.saturating_add(others)),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, limits.open_files),
        (Resource::Stack, STACK_BYTES),
        (Resource::Core, NO_CORE_DUMP),
        (Resource::Memlock, 0),
        (Resource::Sigpending, PENDING_SIGNALS),
        (Resource::Msgqueue, 0),
    ];
    for (resource, bound) in wanted {
        // A lower limit of the host stays: raising it needs privileges, and an operator may have set it on purpose.
        let bound = getrlimit(resource).maximum.map_or(bound, |hard| hard.min(bound));
        setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) })
            .map_err(|error| io::Error::other(format!("{resource:?} {bound}: {}", io::Error::from(error))))?;
    }
    Ok(())
}

/// The number of processes and threads besides this process that run under this user id and that `/proc` shows.
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
