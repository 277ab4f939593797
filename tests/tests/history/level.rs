//! What a server holds of its machine: open files, processes, and folders of kernels. It must not grow with its history.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use sandcastle_e2e::server::kernel_processes;

/// The level of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// Descriptors but those of TCP connections.
    pub(crate) descriptors: usize,
    /// Processes below it.
    pub(crate) processes: usize,
    /// Folders of kernels.
    pub(crate) folders: usize,
    /// TCP connections: its listener, clients that keep theirs, and its own to the bucket.
    pub(crate) connections: usize,
}

/// Connections that may be open although nothing happens. Clients and the SDK keep each one that they needed at one time. There
/// are four clients and the one that looks around, and for each call the server may read 16 entries of a ledger at once.
const MAX_CONNECTIONS: usize = 5 * (1 + 16) + 10;

impl Level {
    /// That of the server with this process id and data folder.
    pub(crate) fn of(pid: u32, data: &Path) -> Self {
        let tcp = ["tcp", "tcp6"].iter().flat_map(|kind| {
            let table = fs::read_to_string(format!("/proc/{pid}/net/{kind}")).unwrap_or_default();
            // proc_pid_net(5): the inode is the tenth column.
            table.lines().filter_map(|line| Some(line.split_whitespace().nth(9)?.to_owned())).collect::<Vec<_>>()
        });
        let tcp: BTreeSet<String> = tcp.map(|inode| format!("socket:[{inode}]")).collect();
        let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let links = links.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.display().to_string()));
        let (connections, others): (Vec<_>, Vec<_>) = links.partition(|link| tcp.contains(link));
        let folders = fs::read_dir(data.join("run/kernels")).unwrap().count();
        Self {
            descriptors: others.len(),
            processes: kernel_processes(pid).len(),
            folders,
            connections: connections.len(),
        }
    }

    /// The level once nothing is being removed any more: what is stopped is removed shortly after the answer.
    pub(crate) async fn at_rest(pid: u32, data: &Path) -> Self {
        let mut last = Self::of(pid, data);
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = Self::of(pid, data);
            if now == last && now.folders == 0 {
                return now;
            }
            last = now;
        }
    }

    /// True when nothing has been added to this.
    pub(crate) fn holds(&self, before: &Self) -> bool {
        let flat = |level: &Self| (level.descriptors, level.processes, level.folders);
        flat(self) == flat(before) && self.connections <= MAX_CONNECTIONS
    }
}

/// Waits until the server is back at a level; says what it is at when that takes too long.
pub(crate) async fn back_to(before: &Level, pid: u32, data: &Path) -> Result<(), String> {
    let mut now = Level::of(pid, data);
    for _ in 0..600 {
        if now.holds(before) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        now = Level::of(pid, data);
    }
    Err(format!("at {now:?}, and was at {before:?}"))
}
