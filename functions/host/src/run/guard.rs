//! Keeps a sandbox to its quota while its code runs. Linux would do that with a control group, which a server rarely has; so the
//! host looks now and then, more rarely the longer looking takes, and not at all during the first moment, in which most calls end.

use std::{
    path::PathBuf,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use rustix::{
    process::Pid,
    time::{ClockId, clock_gettime},
};
use tokio::time::sleep;

use crate::kernel::{
    family::{Family, kill_child},
    processes::thread_count,
    processors::put_last,
    sockets::socket_bytes,
    usage::{Disk, Excess, Held, Quota, descendants, shm_bytes},
};

/// When the first look is due.
const FIRST: Duration = Duration::from_millis(50);
/// How long to wait before the next one, at least.
const AGAIN: Duration = Duration::from_millis(150);
/// Looking takes one part in so many of one processor's time.
const SHARE: u32 = 15;
/// With more processes or threads than this, and than two for each processor, they come last.
const FEW: usize = 8;

/// What may be used, and where.
#[derive(Clone)]
pub(crate) struct Guarded {
    /// What the sandbox may use.
    pub(crate) quota: Quota,
    /// Its folders.
    pub(crate) folders: Vec<PathBuf>,
}

/// Looks after a sandbox's processes; ends the kernel, or what of its children holds most memory. Returns when the kernel has been
/// killed, with the reason.
pub(crate) async fn watch(family: &Family, guarded: Guarded) -> Excess {
    let mut pause = FIRST;
    loop {
        sleep(pause).await;
        let (roots, kernel, guarded) = (family.roots(), family.kernel, guarded.clone());
        let began = Instant::now();
        let looked = tokio::task::spawn_blocking(move || {
            let before = processor_time();
            (look(&roots, kernel, &guarded), processor_time().saturating_sub(before))
        });
        let (found, took) = looked.await.unwrap_or_default();
        // What it waits for a disk counts less, and for a processor hardly: a crowd must not be looked at the later for it.
        pause = AGAIN.max(took * SHARE).max(began.elapsed());
        match found {
            None => {}
            // Too much memory, of which children hold most: the code learns that they were killed.
            Some((Excess::Memory, children)) if !children.is_empty() => {
                children.into_iter().for_each(|(parent, child)| kill_child(parent, child));
            }
            Some((excess, _)) => {
                family.kill();
                return excess;
            }
        }
    }
}

/// The time that this thread has had a processor.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// What there is too much of, and for memory the children whose end is enough, with their parents, if they hold more than the kernel.
fn look(roots: &[Pid], kernel: Pid, guarded: &Guarded) -> Option<(Excess, Vec<(Pid, Pid)>)> {
    let below = descendants(roots);
    let few = available_parallelism().map_or(FEW, |processors| FEW.max(2 * processors.get()));
    let many_threads = thread_count(kernel) > few;
    if many_threads || below.len() > few {
        let crowd = below.iter().map(|(_, child)| *child).chain(many_threads.then_some(kernel));
        if !put_last(crowd) {
            return Some((Excess::Sessions, Vec::new()));
        }
    }
    let quota = guarded.quota;
    let mut used = Disk::default();
    let processes: Vec<Pid> = below.iter().map(|(_, child)| *child).chain([kernel]).collect();
    let in_folders = guarded.folders.iter().find_map(|folder| used.count_below(folder, quota));
    let in_all = in_folders.or_else(|| used.count_nameless(&processes, quota));
    let filled =
        || guarded.folders.first().is_some_and(|folder| used.fills(folder, &processes)).then_some(Excess::Disk);
    if let Some(excess) = in_all.or_else(filled) {
        return Some((excess, Vec::new()));
    }
    let shm = shm_bytes(kernel);
    let sockets = socket_bytes(kernel);
    let quickly: Vec<Held> = processes.iter().map(|process| Held::quickly(*process)).collect();
    if Held::total(&quickly, shm).saturating_add(sockets) <= quota.memory_bytes {
        return None;
    }
    let exactly: Option<Vec<Held>> = processes.iter().map(|process| Held::exactly(*process)).collect();
    // Without an exact look, pages that a child shares with its parent count twice.
    let (held, most) = match exactly {
        Some(exactly) => (exactly, quota.memory_bytes),
        None => (quickly, quota.memory_bytes.saturating_mul(2)),
    };
    let too_much =
        Held::total(&held, shm).saturating_add(sockets).checked_sub(most).filter(|too_much| *too_much > 0)?;
    Some((Excess::Memory, largest(&held, &below, too_much)))
}

/// The children that hold so many bytes together, the largest first; none when the kernel, which comes after them, is one of these.
fn largest(held: &[Held], children: &[(Pid, Pid)], bytes: u64) -> Vec<(Pid, Pid)> {
    let mut by_size: Vec<(u64, Option<&(Pid, Pid)>)> =
        held.iter().enumerate().map(|(at, held)| (held.alone(), children.get(at))).collect();
    by_size.sort_unstable_by_key(|(size, _)| std::cmp::Reverse(*size));
    let (mut chosen, mut sum) = (Vec::new(), 0_u64);
    for (size, child) in by_size {
        if sum >= bytes {
            break;
        }
        let Some(child) = child else { return Vec::new() };
        chosen.push(*child);
        sum = sum.saturating_add(size);
    }
    chosen
}
