//! Confining one kernel: the steps in their order.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::UnshareFlags;

use crate::building::{Building, Standing};
use crate::landlock::{self, Reach};
use crate::steps::{STEPS, StepReport, Steps};
use crate::{Limits, identity, rlimits, sys, tree, userns, view};

/// How one kernel is confined.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The name of the kernel's folder below the kernels' folder: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub slot: &'a str,
    /// The unprivileged user id, and group id, that the kernel takes when the zygote is root. No other kernel's, or
    /// their limits on processes are shared.
    pub uid: u32,
    /// Its resource limits.
    pub limits: Limits,
    /// When memory runs out, Linux ends it before others that are not so marked.
    pub ends_first: bool,
    /// Descriptors that stay open besides 0, 1 and 2.
    pub keep: &'a [RawFd],
    /// The steps without which the kernel must not run; names of [`STEPS`].
    pub required: &'a [String],
}

/// A confined kernel.
#[derive(Clone, Debug)]
pub struct Confined {
    /// Every step of [`STEPS`], in that order.
    pub steps: Vec<StepReport>,
    /// The working directory, which is the current one now, as the kernel sees it.
    pub files: PathBuf,
    /// The temporary folder, as the kernel sees it.
    pub tmp: PathBuf,
}

/// Why a kernel must not run.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// The slot is not a plain name.
    #[error("slot {0:?} is not a name of letters, digits, _ and -")]
    Slot(String),
    /// An insisted step is none of [`STEPS`].
    #[error("no confinement step is called {0:?}")]
    UnknownStep(String),
    /// The building has a root of its own, but the kernel's view of it could not be made.
    #[error("make the kernel's view of the building")]
    View(#[source] io::Error),
    /// The kernel lost its user id on the way into its own user namespace.
    #[error("enter a user namespace")]
    UserNamespace(#[source] io::Error),
    /// The working directory cannot be entered.
    #[error("enter {path}")]
    Enter {
        /// The directory, as the kernel sees it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A step that was insisted on does not hold.
    #[error("required step {step} does not hold: {reason}")]
    NotHeld {
        /// The step.
        step: &'static str,
        /// Why it does not hold.
        reason: String,
    },
}

/// Locks the calling process, a child of [`Building::fork`] with one thread, into a cell. There is no way back: after an
/// error the process is half confined, and all it should do is say so and end.
///
/// Descriptors that are not kept are closed under whoever owns them: the caller must neither use nor drop such owners
/// in this process (`std::mem::forget` them).
pub fn confine_self(building: &Building, policy: &Policy<'_>) -> Result<Confined, JailError> {
    check(policy)?;
    let mut steps = Steps::default();
    // First of all: what is inherited by accident outlives every later rule.
    steps.note("session", rustix::process::setsid().map(drop).map_err(io::Error::from));
    steps.note("descriptors", close_others(policy.keep));
    // Opened while /proc is the zygote's: the kernel's own cannot be written.
    let proc_self = userns::proc_self();
    let score = if policy.ends_first { "1000" } else { "900" };
    steps.note("oom_score", write_own(&proc_self, "oom_score_adj", score));
    // Whoever has no user id and no user namespace of its own shares its count of processes.
    let shared = matches!(building.standing, Standing::Nobody(_));
    let others = if shared { rlimits::others(rustix::process::getuid().as_raw()) } else { 0 };
    // Namespaces and mounts need the building's rights, so they come before those are given up.
    let (files, tmp) = move_in(building, policy, &mut steps)?;
    leave_building(building, &proc_self, &mut steps)?;
    drop(proc_self);
    steps.note("rlimits", rlimits::install(&policy.limits, others));
    // The bounding set needs a capability, and changing the user id takes them all, as a rule.
    let limited = identity::limit_capabilities();
    let unprivileged = steps.note("uid", identity::take_uid(&building.standing, policy.uid));
    steps.note("capabilities", limited.and_then(|()| identity::drop_capabilities()));
    std::env::set_current_dir(&files).map_err(|source| JailError::Enter { path: files.clone(), source })?;
    // After the user id: changing it resets both.
    let dumpable = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    steps.note("dumpable", dumpable.map_err(io::Error::from));
    steps.note("no_new_privs", rustix::thread::set_no_new_privs(true).map_err(io::Error::from));
    let reach = Reach { own_root: building.own_root.is_ok(), readable: &building.readable, files: &files, tmp: &tmp };
    let landlock = landlock::restrict(&reach);
    let scoped = landlock.as_ref().is_ok_and(|enforced| enforced.signals);
    steps.note("landlock", landlock.map(drop));
    let dies = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    steps.note("parent_death", dies.map_err(io::Error::from));
    // Last: the steps before need calls that no kernel may make.
    steps.note("seccomp", building.filters.as_ref().map_err(String::clone).and_then(|filters| filters.install()));
    let other_user = unprivileged && matches!(building.standing, Standing::Root);
    let apart = scoped || other_user || in_own_pid_namespace();
    steps.note(
        "signals",
        if apart { Ok(()) } else { Err("one user id, one process id namespace, and no Landlock scope") },
    );
    match steps.missing(policy.required) {
        Some(report) => Err(JailError::NotHeld { step: report.step, reason: report.reason.clone() }),
        None => Ok(Confined { steps: steps.into_reports(), files, tmp }),
    }
}

/// What the caller can get wrong.
fn check(policy: &Policy<'_>) -> Result<(), JailError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if policy.slot.is_empty() || policy.slot.len() > 64 || !policy.slot.bytes().all(plain) {
        return Err(JailError::Slot(policy.slot.to_owned()));
    }
    match policy.required.iter().find(|name| !STEPS.contains(&name.as_str())) {
        Some(name) => Err(JailError::UnknownStep(name.clone())),
        None => Ok(()),
    }
}

/// Closes every descriptor but 0, 1, 2 and those to keep.
fn close_others(keep: &[RawFd]) -> io::Result<()> {
    let mut keep: Vec<RawFd> = keep.iter().copied().filter(|fd| *fd > 2).collect();
    keep.sort_unstable();
    let mut first = 3;
    for fd in keep {
        if fd > first {
            sys::close_range(first, (fd - 1).unsigned_abs())?;
        }
        first = fd.saturating_add(1).max(first);
    }
    sys::close_range(first, u32::MAX)
}

/// Makes the kernel's own namespaces and its view of the building; its working directory and temporary folder.
fn move_in(building: &Building, policy: &Policy<'_>, steps: &mut Steps) -> Result<(PathBuf, PathBuf), JailError> {
    steps.note("network", sys::unshare(UnshareFlags::NEWNET));
    steps.note("ipc", sys::unshare(UnshareFlags::NEWIPC));
    let named = sys::unshare(UnshareFlags::NEWUTS).and_then(|()| Ok(rustix::system::sethostname(b"sandbox")?));
    steps.note("hostname", named);
    let slot = building.slot(policy.slot);
    steps.note("mounts", building.own_root.clone());
    if building.own_root.is_ok() {
        sys::unshare(UnshareFlags::NEWNS)
            .and_then(|()| view::furnish(&slot, &building.readable, policy.limits.memory_bytes / 2))
            .map_err(JailError::View)?;
    }
    let alone = in_own_pid_namespace();
    let refused = building.pid_refused.borrow();
    steps.note("pid_namespace", if alone { Ok(()) } else { Err(refused.as_str()) });
    match &building.own_root {
        Ok(()) => {
            steps.note("proc", view::own_proc(alone));
            Ok((tree::FILES.into(), tree::TMP.into()))
        }
        Err(reason) => {
            steps.note("proc", Err(reason));
            Ok((slot.join("files"), slot.join("tmp")))
        }
    }
}

/// Leaves the building's user namespace for an empty one.
fn leave_building(building: &Building, own: &io::Result<OwnedFd>, steps: &mut Steps) -> Result<(), JailError> {
    let left = match (&building.standing, own) {
        (Standing::Root, _) => Ok(()),
        (Standing::Nobody(reason), _) => Err(reason.clone()),
        (Standing::Owner, Err(error)) => Err(error.to_string()),
        (Standing::Owner, Ok(own)) => Ok(userns::enter(own.as_fd()).map_err(JailError::UserNamespace)?),
    };
    steps.note("user_namespace", left);
    Ok(())
}

fn write_own(proc_self: &io::Result<OwnedFd>, name: &str, value: &str) -> Result<(), String> {
    let folder = proc_self.as_ref().map_err(ToString::to_string)?;
    userns::write_once(folder, name, value).map_err(|error| error.to_string())
}

/// A kernel is the first process of its namespace.
fn in_own_pid_namespace() -> bool {
    rustix::process::getpid().is_init()
}
