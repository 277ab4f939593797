//! Resource limits: a kernel that reaches one gets an error.

use std::fs::{self, File};
use std::process::{Child, Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Outcome;
use crate::fixture::{Fixture, LIMITS, ensure};

pub(crate) fn nothing_inherited_is_open(fixture: &Fixture) -> Outcome {
    ensure(fs::metadata(format!("/proc/self/fd/{}", fixture.leaked)).is_err(), "the descriptor was inherited")?;
    let open = fs::read_dir("/proc/self/fd")?.count();
    ensure(open == 4, format!("{open} are open, wanted 0, 1, 2 and the folder being read"))
}

pub(crate) fn processes_are_limited(_: &Fixture) -> Outcome {
    let mut children: Vec<Child> = vec![];
    let refused = loop {
        match Command::new("sleep").arg("600").spawn() {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        if children.len() as u64 > LIMITS.processes {
            break std::io::Error::other("processes are not limited");
        }
    };
    let count = children.len() as u64;
    for child in &mut children {
        child.kill()?;
        child.wait()?;
    }
    ensure(refused.raw_os_error() == Some(libc::EAGAIN), refused.to_string())?;
    // One of them is the kernel. The limit does not depend on what else runs on the machine.
    ensure(count == LIMITS.processes - 1, format!("{count} children"))
}

pub(crate) fn memory_is_limited(_: &Fixture) -> Outcome {
    let size = usize::try_from(LIMITS.memory_bytes)?;
    let mut bytes: Vec<u8> = vec![];
    ensure(bytes.try_reserve_exact(size).is_err(), "more memory than allowed")?;
    Ok(bytes.try_reserve_exact(size / 2)?)
}

pub(crate) fn file_size_is_limited(_: &Fixture) -> Outcome {
    let written = Command::new("dd").args(["if=/dev/zero", "of=big", "bs=64k", "count=64"]).output()?;
    ensure(!written.status.success(), "dd finished")?;
    ensure(fs::metadata("big")?.len() == LIMITS.file_bytes, "the file is larger than allowed")?;
    Ok(fs::remove_file("big")?)
}

pub(crate) fn descriptors_are_limited(_: &Fixture) -> Outcome {
    let files: Result<Vec<File>, _> = (0..LIMITS.open_files).map(|_| File::open("/dev/null")).collect();
    ensure(files.is_err_and(|error| error.raw_os_error() == Some(libc::EMFILE)), "descriptors are not limited")
}

pub(crate) fn limits_cannot_be_raised(_: &Fixture) -> Outcome {
    for resource in [Resource::Data, Resource::As, Resource::Nproc, Resource::Fsize, Resource::Nofile] {
        let Rlimit { current, maximum } = getrlimit(resource);
        ensure(current == maximum && maximum.is_some(), format!("{resource:?} {current:?} {maximum:?}"))?;
        let more = maximum.map(|bound| bound + 1);
        let raised = setrlimit(resource, Rlimit { current: more, maximum: more });
        ensure(raised.is_err(), format!("{resource:?} was raised"))?;
    }
    let limits = fs::read_to_string("/proc/self/limits")?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    let bounds: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    // One byte, and not none: see rlimits.rs. A lower limit of this machine stays.
    ensure(bounds == ["1", "1"] || bounds == ["0", "0"], format!("cores are dumped: {core}"))
}
