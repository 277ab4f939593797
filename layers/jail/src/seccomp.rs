//! The system call filter (seccomp(2)), compiled from the tables in [`crate::syscalls`].
//!
//! A call that is in no table fails with ENOSYS, as on a Linux too old to have it. Libraries are prepared for that, and calls
//! that a later Linux adds are refused too. A call of the table `refused` fails with EPERM, so that code which tries it reads
//! "operation not permitted". seccompiler 0.5 compiles filters with one action for all matches, so there are two filters;
//! Linux takes the stricter result. A call of another instruction set (32-bit on x86-64) kills the process.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use crate::syscalls::{CONDITIONAL, Conditional, When, allowed, allowed_here, refused};

/// Both filters, compiled.
pub(crate) struct Filters {
    refusing: BpfProgram,
    allowing: BpfProgram,
}

impl Filters {
    pub(crate) fn compile() -> Result<Self, BackendError> {
        // No rules: the call matches with any arguments.
        let mut refusals: Rules = refused::NUMBERS.iter().map(|number| (*number, Vec::new())).collect();
        for call in CONDITIONAL {
            refusals.entry(call.number).or_default().extend(rules(call)?);
        }
        // The second filter allows the calls that the first one decides on.
        let plain = allowed::NUMBERS.iter().chain(allowed_here::NUMBERS);
        let known: Rules = plain.chain(refusals.keys()).map(|number| (*number, Vec::new())).collect();
        let errno = |number: i32| SeccompAction::Errno(number.unsigned_abs());
        Ok(Self {
            refusing: program(refusals, SeccompAction::Allow, errno(libc::EPERM))?,
            allowing: program(known, errno(libc::ENOSYS), SeccompAction::Allow)?,
        })
    }

    /// Installs both for this thread, and for every thread and process that it starts.
    pub(crate) fn install(&self) -> Result<(), String> {
        // In this order: the second filter refuses seccomp(2) itself.
        apply_filter(&self.refusing).and_then(|()| apply_filter(&self.allowing)).map_err(|error| error.to_string())
    }
}

/// By system call number; a call matches when any of its rules does, or when it has none.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn program(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, BackendError> {
    SeccompFilter::new(rules, otherwise, matched, ARCH.try_into()?)?.try_into()
}

/// The rules that refuse a call.
fn rules(call: &Conditional) -> Result<Vec<SeccompRule>, BackendError> {
    let argument = |length, operator, value: i32| {
        SeccompCondition::new(call.argument, length, operator, u64::from(value.cast_unsigned()))
    };
    let word = |operator, value| argument(SeccompCmpArgLen::Dword, operator, value);
    let alone = |condition: Result<SeccompCondition, BackendError>| SeccompRule::new(vec![condition?]);
    match call.refused_when {
        When::NoneOf(values) => {
            let all = values.iter().map(|value| word(SeccompCmpOp::Ne, *value)).collect::<Result<_, _>>()?;
            Ok(vec![SeccompRule::new(all)?])
        }
        When::OneOf(values) => values.iter().map(|value| alone(word(SeccompCmpOp::Eq, *value))).collect(),
        When::AnyBit(bits) => bits
            .iter()
            .map(|bit| {
                let set = SeccompCmpOp::MaskedEq(u64::from(bit.cast_unsigned()));
                alone(argument(SeccompCmpArgLen::Qword, set, *bit))
            })
            .collect(),
        When::BitWithout([bit, other]) => {
            let both = SeccompCmpOp::MaskedEq(u64::from((bit | other).cast_unsigned()));
            Ok(vec![alone(argument(SeccompCmpArgLen::Qword, both, *bit))?])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Filters;
    use crate::syscalls::{CONDITIONAL, allowed, allowed_here, refused};
    use std::collections::BTreeSet;

    #[test]
    fn no_call_is_in_the_tables_twice() {
        let conditional: BTreeSet<i64> = CONDITIONAL.iter().map(|call| call.number).collect();
        let conditional: Vec<i64> = conditional.into_iter().collect();
        let all = [allowed::NUMBERS, allowed_here::NUMBERS, refused::NUMBERS, &conditional].concat();
        let mut seen = BTreeSet::new();
        for number in all {
            assert!(seen.insert(number), "call {number} is in the tables twice");
        }
    }

    #[test]
    fn calls_that_could_leave_the_cell_are_not_allowed() {
        let names: BTreeSet<&str> = allowed::NAMES.iter().chain(allowed_here::NAMES).map(|(name, _)| *name).collect();
        let dangerous = "ptrace process_vm_readv process_vm_writev pidfd_getfd mount umount2 move_mount open_tree fsopen \
            fsmount fsconfig pivot_root chroot unshare setns clone clone3 bpf perf_event_open io_uring_setup \
            io_uring_enter userfaultfd kexec_load init_module finit_module delete_module keyctl add_key request_key \
            seccomp open_by_handle_at name_to_handle_at reboot swapon settimeofday clock_settime memfd_create socket \
            ioctl personality prctl shmget msgget timer_create fcntl";
        for name in dangerous.split_whitespace() {
            assert!(!names.contains(format!("SYS_{name}").as_str()), "{name} is allowed with any arguments");
        }
    }

    #[test]
    fn every_call_has_a_reason() {
        for (name, why) in allowed::NAMES.iter().chain(allowed_here::NAMES).chain(refused::NAMES) {
            assert!(!why.is_empty(), "{name}");
        }
    }

    #[test]
    fn both_filters_compile() {
        let filters = Filters::compile().unwrap();
        assert!(!filters.refusing.is_empty() && !filters.allowing.is_empty());
    }
}
