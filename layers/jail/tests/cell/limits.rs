//! Limits: what is used up ends the use, not the machine.

use std::fs::{self, File};
use std::process::{Child, Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Outcome;
use crate::scene::{LIMITS, Stage, ensure};

pub(crate) fn nothing_inherited_is_open(stage: &Stage) -> Outcome {
    ensure(fs::metadata(format!("/proc/self/fd/{}", stage.leaked)).is_err(), "the descriptor was inherited")?;
    let open = fs::read_dir("/proc/self/fd")?.count();
    ensure(open == 4, format!("{open} are open, wanted 0, 1, 2 and the folder being read"))
}

pub(crate) fn processes_run_out(_: &Stage) -> Outcome {
    let mut children: Vec<Child> = vec![];
    let refused = loop {
        match Command::new("sleep").arg("600").spawn() {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        if children.len() as u64 > LIMITS.processes {
            break std::io::Error::other("no end of processes");
        }
    };
    let count = children.len() as u64;
    for child in &mut children {
        child.kill()?;
        child.wait()?;
    }
    ensure(refused.raw_os_error() == Some(libc::EAGAIN), refused.to_string())?;
    // Itself is one; the limit is absolute, whatever else runs on the machine.
    ensure(count == LIMITS.processes - 1, format!("{count} children"))
}

pub(crate) fn memory_runs_out(_: &Stage) -> Outcome {
    let size = usize::try_from(LIMITS.memory_bytes)?;
    let mut bytes: Vec<u8> = vec![];
    ensure(bytes.try_reserve_exact(size).is_err(), "more memory than allowed")?;
    Ok(bytes.try_reserve_exact(size / 2)?)
}

pub(crate) fn files_stay_small(_: &Stage) -> Outcome {
    let written = Command::new("dd").args(["if=/dev/zero", "of=big", "bs=64k", "count=64"]).output()?;
    ensure(!written.status.success(), "dd finished")?;
    ensure(fs::metadata("big")?.len() == LIMITS.file_bytes, "the file is larger than allowed")?;
    Ok(fs::remove_file("big")?)
}

pub(crate) fn descriptors_run_out(_: &Stage) -> Outcome {
    let files: Result<Vec<File>, _> = (0..LIMITS.open_files).map(|_| File::open("/dev/null")).collect();
    ensure(files.is_err_and(|error| error.raw_os_error() == Some(libc::EMFILE)), "no end of descriptors")
}

pub(crate) fn limits_cannot_be_raised(_: &Stage) -> Outcome {
    for resource in [Resource::Data, Resource::As, Resource::Nproc, Resource::Fsize, Resource::Nofile, Resource::Core] {
        let Rlimit { current, maximum } = getrlimit(resource);
        ensure(current == maximum && maximum.is_some(), format!("{resource:?} {current:?} {maximum:?}"))?;
        let more = maximum.map(|bound| bound + 1);
        let raised = setrlimit(resource, Rlimit { current: more, maximum: more });
        ensure(raised.is_err(), format!("{resource:?} was raised"))?;
    }
    ensure(getrlimit(Resource::Core).maximum == Some(0), "cores are dumped")
}
