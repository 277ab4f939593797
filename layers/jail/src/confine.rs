//! Confines one kernel: takes the steps in their order.

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::path::PathBuf;

use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::UnshareFlags;
use sandcastle_protocol::{Limits, Step, StepReport};

use crate::jail::Jail;
use crate::landlock::{self, AllowedPaths};
use crate::privilege::Privilege;
use crate::steps::Steps;
use crate::{identity, paths, rlimits, slot_mounts, sys, userns};

/// How one kernel is confined.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The name of the kernel's folder in the kernels' folder: 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub slot: &'a str,
    /// The unprivileged user id, and group id, that the kernel runs under if the zygote is root. Kernels with the same id
    /// share the limit on processes (RLIMIT_NPROC in getrlimit(2)).
    pub uid: u32,
    /// Its resource limits.
    pub limits: Limits,
    /// When memory runs out, Linux kills this kernel before kernels without this mark.
    pub ends_first: bool,
    /// Descriptors that stay open besides 0, 1 and 2.
    pub keep: &'a [RawFd],
    /// The steps without which the kernel must not run.
    pub required: &'a [Step],
}

/// A confined kernel.
#[derive(Clone, Debug)]
pub struct Confined {
    /// Every step, in the order of [`Step::ALL`].
    pub steps: Vec<StepReport>,
    /// The kernel's working directory at its path in the cell. It is the current directory now.
    pub files: PathBuf,
    /// The kernel's temporary folder at its path in the cell.
    pub tmp: PathBuf,
}

/// Why a kernel must not run.
#[derive(Debug, thiserror::Error)]
pub enum JailError {
    /// The slot is not a plain name.
    #[error("slot {0:?} must consist of 1 to 64 letters, digits, _ and -")]
    Slot(String),
    /// The jail has its own root, but the slot's folders could not be mounted in it.
    #[error("mount the slot's folders")]
    Mount(#[source] io::Error),
    /// The kernel lost its user id while it entered its own user namespace.
    #[error("enter a user namespace")]
    UserNamespace(#[source] io::Error),
    /// The working directory cannot be entered.
    #[error("change to the directory {path}")]
    Enter {
        /// The directory, at its path in the cell.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A required step does not hold.
    #[error("required step {step} does not hold: {reason}")]
    NotHeld {
        /// The step.
        step: Step,
        /// Why it does not hold.
        reason: String,
    },
}

/// Confines the calling process, a child of [`Jail::fork`] with one thread. This cannot be undone: after an error the process
/// is partly confined, and must do no more than report the error and end.
///
/// Closes the descriptors that are not kept although they have owners. The caller must neither use nor drop those owners in
/// this process (`std::mem::forget` them).
pub fn confine_self(jail: &Jail, policy: &Policy<'_>) -> Result<Confined, JailError> {
    check_slot(policy.slot)?;
    let mut steps = Steps::default();
    steps.record(Step::Session, rustix::process::setsid().map(drop).map_err(io::Error::from));
    // Early: no later step closes a descriptor that was inherited by accident.
    steps.record(Step::Descriptors, close_others(policy.keep));
    // Opened while /proc is the zygote's: the kernel's own is read-only.
    let proc_self = userns::proc_self();
    let score = if policy.ends_first { "1000" } else { "900" };
    steps.record(Step::OomScore, write_own(&proc_self, "oom_score_adj", score));
    // A process without its own user id or user namespace shares its count of processes with others of its user.
    let shared = matches!(jail.privilege, Privilege::None(_));
    let others = if shared { rlimits::others(rustix::process::getuid().as_raw()) } else { 0 };
    // Before the zygote's rights are given up: namespaces and mounts need them.
    let (files, tmp) = enter_namespaces(jail, policy, &mut steps)?;
    enter_user_namespace(jail, &proc_self, &mut steps)?;
    drop(proc_self);
    steps.record(Step::Rlimits, rlimits::install(&policy.limits, others));
    // Before the user id changes: the bounding set needs a capability, and the change clears them (capabilities(7)).
    let limited = identity::limit_capabilities();
    let unprivileged = steps.record(Step::Uid, identity::take_uid(&jail.privilege, policy.uid));
    steps.record(Step::Capabilities, limited.and_then(|()| identity::drop_capabilities()));
    std::env::set_current_dir(&files).map_err(|source| JailError::Enter { path: files.clone(), source })?;
    // After the user id has changed: the change resets this (prctl(2), PR_SET_DUMPABLE), and parent_death below.
    let dumpable = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    steps.record(Step::Dumpable, dumpable.map_err(io::Error::from));
    steps.record(Step::NoNewPrivs, rustix::thread::set_no_new_privs(true).map_err(io::Error::from));
    let own_root = jail.own_root.is_ok();
    let allowed = AllowedPaths { own_root, readable: &jail.readable, files: &files, tmp: &tmp };
    let landlock = landlock::restrict(&allowed);
    let scoped = landlock.as_ref().is_ok_and(|enforced| enforced.signals);
    steps.record(Step::Landlock, landlock.map(drop));
    let dies = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    steps.record(Step::ParentDeath, dies.map_err(io::Error::from));
    // After all steps that make system calls: the filter refuses those calls.
    steps.record(Step::Seccomp, jail.filters.as_ref().map_err(String::clone).and_then(|filters| filters.install()));
    let other_user = unprivileged && matches!(jail.privilege, Privilege::Root);
    let apart = scoped || other_user || jail.is_in_own_pid_namespace();
    let reason = "the kernel shares user id and process id namespace with the zygote, and Landlock has no scopes here";
    steps.record(Step::Signals, if apart { Ok(()) } else { Err(reason) });
    match steps.missing(policy.required) {
        Some(report) => Err(JailError::NotHeld { step: report.step, reason: report.reason.clone() }),
        None => Ok(Confined { steps: steps.into_reports(), files, tmp }),
    }
}

/// Refuses names that are not a single path component.
fn check_slot(slot: &str) -> Result<(), JailError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let valid = (1..=64).contains(&slot.len()) && slot.bytes().all(plain);
    if valid { Ok(()) } else { Err(JailError::Slot(slot.to_owned())) }
}

/// Closes every descriptor except 0, 1, 2 and those to keep.
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

/// Makes the kernel's own namespaces and mounts. Returns its working directory and its temporary folder.
fn enter_namespaces(jail: &Jail, policy: &Policy<'_>, steps: &mut Steps) -> Result<(PathBuf, PathBuf), JailError> {
    steps.record(Step::Network, sys::unshare(UnshareFlags::NEWNET));
    steps.record(Step::Ipc, sys::unshare(UnshareFlags::NEWIPC));
    let named = sys::unshare(UnshareFlags::NEWUTS).and_then(|()| Ok(rustix::system::sethostname(b"sandbox")?));
    steps.record(Step::Hostname, named);
    let slot = jail.slot(policy.slot);
    steps.record(Step::Mounts, jail.own_root.clone());
    if jail.own_root.is_ok() {
        sys::unshare(UnshareFlags::NEWNS)
            .and_then(|()| slot_mounts::mount(&slot, &jail.readable, policy.limits.memory_bytes / 2))
            .map_err(JailError::Mount)?;
    }
    let alone = jail.is_in_own_pid_namespace();
    let refused = jail.pid_refused.borrow();
    steps.record(Step::PidNamespace, if alone { Ok(()) } else { Err(refused.as_str()) });
    match &jail.own_root {
        Ok(()) => {
            steps.record(Step::Proc, slot_mounts::replace_proc(alone));
            Ok((paths::FILES.into(), paths::TMP.into()))
        }
        Err(reason) => {
            steps.record(Step::Proc, Err(reason));
            Ok((slot.join("files"), slot.join("tmp")))
        }
    }
}

/// Leaves the zygote's user namespace for an empty one.
fn enter_user_namespace(jail: &Jail, own: &io::Result<OwnedFd>, steps: &mut Steps) -> Result<(), JailError> {
    let entered = match (&jail.privilege, own) {
        (Privilege::Root, _) => Ok(()),
        (Privilege::None(reason), _) => Err(reason.clone()),
        (Privilege::UserNamespace, Err(error)) => Err(error.to_string()),
        (Privilege::UserNamespace, Ok(own)) => Ok(userns::enter(own.as_fd()).map_err(JailError::UserNamespace)?),
    };
    steps.record(Step::UserNamespace, entered);
    Ok(())
}

fn write_own(proc_self: &io::Result<OwnedFd>, name: &str, value: &str) -> Result<(), String> {
    let folder = proc_self.as_ref().map_err(ToString::to_string)?;
    userns::write_once(folder, name, value).map_err(|error| error.to_string())
}
