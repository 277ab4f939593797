//! `as-lambda ROOT UID PROGRAM [ARGUMENT…]`: runs PROGRAM as Lambda does: with this root folder, under this user id, and with a seccomp
//! filter that refuses the system calls that Lambda refuses. Needs root.
//!
//! As observed on Lambda: another filter, ptrace(2), chroot(2), namespaces and several options of prctl(2) are refused
//! (EPERM), and Landlock is missing (ENOSYS) because Linux is too old. clone3(2) is missing too, because a filter cannot see
//! its flags; glibc then starts threads with clone(2).

use std::{
    collections::BTreeMap,
    env::consts::ARCH,
    error::Error,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use rustix::process::{chdir, chroot};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Refused with any arguments.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_seccomp,
    libc::SYS_ptrace,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
];
/// Options of prctl(2) that are refused.
const REFUSED_OPTIONS: &[libc::c_int] = &[
    libc::PR_SET_SECCOMP,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_DUMPABLE,
    libc::PR_SET_NAME,
    libc::PR_SET_PDEATHSIG,
];
/// Flags of clone(2) that are refused.
const NAMESPACES: &[libc::c_int] = &[
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];
/// Answered as if this Linux did not have them.
const MISSING: &[libc::c_long] = &[
    libc::SYS_landlock_create_ruleset,
    libc::SYS_landlock_add_rule,
    libc::SYS_landlock_restrict_self,
    libc::SYS_clone3,
];

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("as-lambda: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<std::convert::Infallible, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: as-lambda ROOT UID PROGRAM [ARGUMENT...]");
    let (root, uid, program): (_, _, String) = (argument()?, argument()?.parse()?, argument()?);
    if root != "/" {
        chroot(root)?;
        chdir("/var/task")?;
    }
    // In this order: the second filter refuses the installation of another.
    install(&MISSING.iter().map(|call| (*call, Vec::new())).collect(), libc::ENOSYS)?;
    install(&refused()?, libc::EPERM)?;
    Err(Command::new(program).args(arguments).uid(uid).gid(uid).exec().into())
}

fn refused() -> Result<Rules, Box<dyn Error>> {
    let mut rules: Rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let argument = |length, operator, value: i32| {
        let condition = SeccompCondition::new(0, length, operator, u64::from(value.cast_unsigned()))?;
        SeccompRule::new(vec![condition])
    };
    let options = REFUSED_OPTIONS.iter().map(|option| argument(SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, *option));
    rules.insert(libc::SYS_prctl, options.collect::<Result<_, _>>()?);
    let set = |flag: i32| SeccompCmpOp::MaskedEq(u64::from(flag.cast_unsigned()));
    let flags = NAMESPACES.iter().map(|flag| argument(SeccompCmpArgLen::Qword, set(*flag), *flag));
    rules.insert(libc::SYS_clone, flags.collect::<Result<_, _>>()?);
    Ok(rules)
}

fn install(rules: &Rules, errno: i32) -> Result<(), Box<dyn Error>> {
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules.clone(), SeccompAction::Allow, refuse, ARCH.try_into()?)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}
