//! The system calls that a kernel may make, with reasons.
//!
//! Collected from the calls of CPython, glibc, numpy and OpenBLAS, pandas, Arrow, matplotlib, multiprocessing, asyncio and
//! shells. Calls in no table fail with ENOSYS. Left out on purpose: `clone3`, whose flags are in memory that no filter can read
//! (glibc falls back to `clone`); `memfd_create`, whose memory no limit counts; System V objects, which outlive processes;
//! `inotify`, which tells when other kernels open the files that all share; `flock`, with which a kernel could lock such a file
//! (locks of fcntl(2) need write access); `syncfs`, which waits for everybody's files; `io_uring`, whose operations no filter
//! sees; `timer_create`, whose timers can send SIGCONT, with which a stopped kernel could continue itself; and `seccomp`.

/// Turns a table into a module with the calls' numbers, and for tests their names and reasons.
macro_rules! table {
    ($(#[$attribute:meta])* $table:ident { $($why:literal: $($call:ident)+;)* }) => {
        $(#[$attribute])*
        pub(crate) mod $table {
            /// The numbers, as this architecture has them.
            pub(crate) const NUMBERS: &[i64] = &[$($(super::numbers::$call),+),*];
            /// Names and reasons, in the order of the numbers.
            #[cfg(test)]
            pub(crate) const NAMES: &[(&str, &str)] = &[$($((stringify!($call), $why)),+),*];
        }
    };
}

/// The numbers of this architecture.
mod numbers {
    pub(super) use libc::*;

    /// The same on x86-64 and aarch64 (the kernel's `scripts/syscall.tbl`); libc has it for x86-64 only.
    #[allow(non_upper_case_globals, reason = "named as in libc, which this one stands in for")]
    pub(super) const SYS_fchmodat2: i64 = 452;
}

table! { allowed {
    "reading and writing files":
        SYS_read SYS_write SYS_readv SYS_writev SYS_pread64 SYS_pwrite64 SYS_preadv SYS_pwritev SYS_pwritev2 SYS_lseek
        SYS_ftruncate SYS_truncate SYS_fallocate SYS_readahead SYS_fsync SYS_fdatasync SYS_sync_file_range
        SYS_copy_file_range SYS_sendfile SYS_splice SYS_tee;
    "opening them, within what mounts and Landlock show":
        SYS_openat SYS_openat2 SYS_close SYS_dup SYS_dup3 SYS_pipe2 SYS_umask;
    "looking at files and folders":
        SYS_fstat SYS_newfstatat SYS_statx SYS_statfs SYS_fstatfs SYS_faccessat SYS_faccessat2 SYS_readlinkat
        SYS_getdents64 SYS_getcwd SYS_chdir SYS_fchdir SYS_getxattr SYS_lgetxattr SYS_fgetxattr SYS_listxattr
        SYS_llistxattr SYS_flistxattr;
    "changing them; device nodes and other owners take capabilities that no kernel has":
        SYS_mkdirat SYS_unlinkat SYS_renameat SYS_renameat2 SYS_linkat SYS_symlinkat SYS_mknodat SYS_fchmod
        SYS_fchmodat SYS_fchmodat2 SYS_fchown SYS_fchownat SYS_utimensat SYS_setxattr SYS_lsetxattr SYS_fsetxattr
        SYS_removexattr SYS_lremovexattr SYS_fremovexattr;
    "memory, bounded by rlimits; NUMA calls by OpenBLAS and Arrow":
        SYS_brk SYS_mmap SYS_munmap SYS_mremap SYS_mprotect SYS_madvise SYS_msync SYS_mincore SYS_mlock SYS_mlock2
        SYS_munlock SYS_mlockall SYS_munlockall SYS_membarrier SYS_mbind SYS_get_mempolicy SYS_set_mempolicy
        SYS_pkey_alloc SYS_pkey_free SYS_pkey_mprotect;
    "starting and ending processes and threads":
        SYS_execve SYS_execveat SYS_exit SYS_exit_group SYS_wait4 SYS_waitid SYS_set_tid_address SYS_set_robust_list
        SYS_get_robust_list SYS_rseq SYS_setpgid SYS_setsid;
    "what a process knows about itself":
        SYS_getpid SYS_getppid SYS_gettid SYS_getpgid SYS_getsid SYS_getuid SYS_geteuid SYS_getgid SYS_getegid
        SYS_getresuid SYS_getresgid SYS_getgroups SYS_capget SYS_getrusage SYS_times SYS_uname SYS_sysinfo SYS_getcpu
        SYS_getrandom SYS_getrlimit;
    "programs that give up rights they do not have; without capabilities these change nothing":
        SYS_setuid SYS_setgid SYS_setreuid SYS_setregid SYS_setresuid SYS_setresgid SYS_setfsuid SYS_setfsgid
        SYS_setgroups SYS_landlock_create_ruleset SYS_landlock_add_rule SYS_landlock_restrict_self;
    "waiting for other threads, as for the GIL":
        SYS_futex SYS_futex_waitv SYS_sched_yield SYS_restart_syscall;
    "processors and priorities of threads":
        SYS_sched_getaffinity SYS_sched_setaffinity SYS_sched_getparam SYS_sched_setparam SYS_sched_getscheduler
        SYS_sched_setscheduler SYS_sched_getattr SYS_sched_setattr SYS_sched_get_priority_max
        SYS_sched_get_priority_min SYS_sched_rr_get_interval SYS_getpriority SYS_setpriority SYS_ioprio_get
        SYS_ioprio_set;
    "signals; the process id namespace or Landlock keeps them inside the cell":
        SYS_kill SYS_tkill SYS_tgkill SYS_pidfd_open SYS_pidfd_send_signal SYS_rt_sigaction SYS_rt_sigprocmask
        SYS_rt_sigpending SYS_rt_sigtimedwait SYS_rt_sigsuspend SYS_rt_sigreturn SYS_rt_sigqueueinfo
        SYS_rt_tgsigqueueinfo SYS_sigaltstack SYS_signalfd4;
    "clocks and timers":
        SYS_clock_gettime SYS_clock_getres SYS_clock_nanosleep SYS_nanosleep SYS_gettimeofday SYS_getitimer
        SYS_setitimer SYS_timerfd_create SYS_timerfd_settime SYS_timerfd_gettime;
    "waiting for input: selectors, asyncio":
        SYS_epoll_create1 SYS_epoll_ctl SYS_epoll_pwait SYS_epoll_pwait2 SYS_ppoll SYS_pselect6 SYS_eventfd2;
    "sockets that are open already or that the rule for `socket` allows":
        SYS_bind SYS_connect SYS_listen SYS_accept SYS_accept4 SYS_getsockname SYS_getpeername SYS_sendto
        SYS_recvfrom SYS_sendmsg SYS_recvmsg SYS_sendmmsg SYS_recvmmsg SYS_shutdown SYS_getsockopt;
} }

table! {
    #[cfg(target_arch = "x86_64")]
    allowed_here {
        "older forms of calls above, which newer architectures lack":
            SYS_open SYS_creat SYS_stat SYS_lstat SYS_access SYS_readlink SYS_getdents SYS_mkdir SYS_rmdir SYS_unlink
            SYS_rename SYS_link SYS_symlink SYS_mknod SYS_chmod SYS_chown SYS_lchown SYS_utime SYS_utimes
            SYS_futimesat SYS_dup2 SYS_pipe SYS_poll SYS_select SYS_epoll_create SYS_epoll_wait SYS_eventfd
            SYS_signalfd SYS_getpgrp SYS_pause SYS_alarm SYS_time;
        "starting processes; vfork is what subprocess uses":
            SYS_fork SYS_vfork;
        "the thread pointer, set by libc":
            SYS_arch_prctl;
    }
}

table! {
    #[cfg(not(target_arch = "x86_64"))]
    allowed_here {}
}

table! { refused {
    "another process's memory and descriptors":
        SYS_ptrace SYS_process_vm_readv SYS_process_vm_writev SYS_pidfd_getfd SYS_kcmp;
    "leaving the cell's mounts and namespaces":
        SYS_mount SYS_umount2 SYS_pivot_root SYS_chroot SYS_unshare SYS_setns SYS_fsopen SYS_fsconfig SYS_fsmount
        SYS_fspick SYS_move_mount SYS_open_tree SYS_mount_setattr;
    "opening files by handle, which bypasses rules on paths":
        SYS_name_to_handle_at SYS_open_by_handle_at;
    "keyrings belong to the user, not to the cell":
        SYS_add_key SYS_request_key SYS_keyctl;
    "rarely used parts of Linux that have had many vulnerabilities":
        SYS_bpf SYS_perf_event_open SYS_userfaultfd SYS_fanotify_init SYS_fanotify_mark;
    "gaining capabilities":
        SYS_capset;
    "changing the machine":
        SYS_reboot SYS_kexec_load SYS_kexec_file_load SYS_init_module SYS_finit_module SYS_delete_module SYS_swapon
        SYS_swapoff SYS_quotactl SYS_acct SYS_settimeofday SYS_clock_settime SYS_adjtimex SYS_clock_adjtime
        SYS_syslog SYS_sethostname SYS_setdomainname SYS_vhangup;
} }

/// A call that is refused for some values of an argument, and allowed otherwise.
pub(crate) struct Conditional {
    pub(crate) number: i64,
    /// The argument's index, from 0.
    pub(crate) argument: u8,
    pub(crate) refused_when: When,
}

/// Which values are refused. Linux reads all of these arguments as 32 bits, except the flags of `clone`.
pub(crate) enum When {
    /// All except these.
    NoneOf(&'static [i32]),
    /// These.
    OneOf(&'static [i32]),
    /// Those with any of these bits.
    AnyBit(&'static [i32]),
    /// Those with the first bit and without the second.
    BitWithout(&'static [i32; 2]),
}

/// The calls that depend on their arguments; refused when any rule of theirs says so.
pub(crate) const CONDITIONAL: &[Conditional] = &[
    // No network: no TCP and UDP, and no netlink, raw packets or vsock either.
    Conditional { number: libc::SYS_socket, argument: 0, refused_when: When::NoneOf(&[libc::AF_UNIX]) },
    Conditional { number: libc::SYS_socketpair, argument: 0, refused_when: When::NoneOf(&[libc::AF_UNIX]) },
    // Threads and processes, but no namespaces: a user namespace would bring all capabilities back.
    Conditional {
        number: libc::SYS_clone,
        argument: 0,
        refused_when: When::AnyBit(&[
            libc::CLONE_NEWNS,
            libc::CLONE_NEWCGROUP,
            libc::CLONE_NEWUTS,
            libc::CLONE_NEWIPC,
            libc::CLONE_NEWUSER,
            libc::CLONE_NEWPID,
            libc::CLONE_NEWNET,
            // A child of the zygote, which would outlive the call that started it.
            libc::CLONE_PARENT,
            // The low byte is the signal that the end of the child sends (clone(2)). Without these bits it is 0, 1, 16 or
            // SIGCHLD. With SIGCONT the end of a child would continue a stopped kernel.
            0x02,
            0x04,
            0x08,
            0x20,
            0x40,
            0x80,
        ]),
    },
    // All threads of a process have one table of descriptors: the host counts what it shows, and looks at one.
    Conditional {
        number: libc::SYS_clone,
        argument: 0,
        refused_when: When::BitWithout(&[libc::CLONE_THREAD, libc::CLONE_FILES]),
    },
    Conditional { number: libc::SYS_close_range, argument: 2, refused_when: When::AnyBit(&[CLOSE_RANGE_UNSHARE]) },
    // A descriptor that becomes ready may send SIGIO but no chosen signal: SIGCONT would continue a stopped kernel. F_NOTIFY is
    // an older inotify, and a lease holds up others who open a shared file.
    Conditional { number: libc::SYS_fcntl, argument: 1, refused_when: When::OneOf(&[F_SETSIG, F_SETLEASE, F_NOTIFY]) },
    // What programs ask of a terminal to learn whether they have one, as shells do, and what they set on any descriptor.
    Conditional {
        number: libc::SYS_ioctl,
        argument: 1,
        refused_when: When::NoneOf(&[
            TCGETS, TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIOASYNC, FIONCLEX, FIOCLEX,
        ]),
    },
    // A socket's buffer is Linux's own memory: the host counts on each having the usual size.
    Conditional { number: libc::SYS_setsockopt, argument: 2, refused_when: When::OneOf(&[SO_SNDBUF, SO_SNDBUFFORCE]) },
    // Only the query (all ones) and the default: others switch off address space randomisation.
    Conditional { number: libc::SYS_personality, argument: 0, refused_when: When::NoneOf(&[-1, PER_LINUX]) },
    // The limit that keeps core dumps from a program of the machine; see rlimits.rs.
    Conditional { number: libc::SYS_setrlimit, argument: 0, refused_when: When::OneOf(&[RLIMIT_CORE]) },
    Conditional { number: libc::SYS_prlimit64, argument: 1, refused_when: When::OneOf(&[RLIMIT_CORE]) },
    // Together these tell which of the files that all share others have read: the one drops a file from memory, the other says
    // whether it is there again.
    Conditional { number: libc::SYS_fadvise64, argument: 3, refused_when: When::OneOf(&[POSIX_FADV_DONTNEED]) },
    Conditional { number: libc::SYS_preadv2, argument: 5, refused_when: When::AnyBit(&[RWF_NOWAIT]) },
    // A kernel must not outlive the zygote, add filters or change its memory map.
    Conditional {
        number: libc::SYS_prctl,
        argument: 0,
        refused_when: When::OneOf(&[libc::PR_SET_PDEATHSIG, libc::PR_SET_SECCOMP, libc::PR_SET_MM]),
    },
];

/// As in Linux's asm-generic/ioctls.h; libc has them as unsigned long.
const TCGETS: i32 = 0x5401;
const TIOCGPGRP: i32 = 0x540F;
const TIOCSPGRP: i32 = 0x5410;
const TIOCGWINSZ: i32 = 0x5413;
const FIONREAD: i32 = 0x541B;
const FIONBIO: i32 = 0x5421;
const FIONCLEX: i32 = 0x5450;
const FIOCLEX: i32 = 0x5451;
const FIOASYNC: i32 = 0x5452;
/// As in Linux's asm-generic/fcntl.h; not every libc has it.
const F_SETSIG: i32 = 10;
const F_SETLEASE: i32 = 1024;
const F_NOTIFY: i32 = 1026;
/// As in Linux's asm-generic/socket.h.
const SO_SNDBUF: i32 = 7;
const SO_SNDBUFFORCE: i32 = 32;
/// As in Linux's asm-generic/resource.h, fadvise.h and fs.h.
const RLIMIT_CORE: i32 = 4;
const POSIX_FADV_DONTNEED: i32 = 4;
const RWF_NOWAIT: i32 = 8;
/// As in Linux's close_range.h.
const CLOSE_RANGE_UNSHARE: i32 = 2;
/// As in Linux's personality.h.
const PER_LINUX: i32 = 0;
