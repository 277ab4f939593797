"""Files by which Linux is asked and told: /proc, /sys, core dumps."""
from entry import BASH, Attack, answered, each, never, only, refused

ATTACKS = [
    Attack("settings_of_linux", "write to /proc/sys and its neighbours", '''
for path in ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "kernel/domainname", "kernel/ns_last_pid",
    "kernel/randomize_va_space", "vm/drop_caches",
             "vm/overcommit_memory", "fs/protected_symlinks", "fs/suid_dumpable", "net/ipv4/ip_forward",
                 "kernel/unprivileged_bpf_disabled", "kernel/sysrq", "fs/binfmt_misc/register"):
    attempt(path, lambda: open("/proc/sys/" + path, "w").write("1"))
for path in ("sysrq-trigger", "acpi/alarm", "1/oom_score_adj", "1/attr/current", "1/comm", "irq/0/smp_affinity", "mtrr",
    "bus/pci/00/00.0", "timer_list", "kmsg", "kcore", "slabinfo", "vmallocinfo", "kpageflags", "sched_debug", "key-users"):
    attempt("proc " + path, lambda: os.close(os.open("/proc/" + path, os.O_RDWR)))
''', refused("EIO")),
    Attack("its_own_entry", "map users, leave the out-of-memory score, change its label", '''
for name, text in (("uid_map", "0 0 1"), ("gid_map", "0 0 1"), ("setgroups", "allow"), ("oom_score_adj", "-1000"),
    ("oom_adj", "-17"), ("attr/exec", "x"), ("attr/current", "x"), ("loginuid", "0"),
                   ("coredump_filter", "0xff"), ("clear_refs", "1"), ("timerslack_ns", "0"), ("autogroup", "-20"),
                       ("make-it-fail", "1"), ("projid_map", "0 0 1"), ("timens_offsets", "7 1 0")):
    attempt(name, lambda: open("/proc/self/" + name, "w").write(text))
''', refused("EINVAL", "EIO", "FileNotFoundError")),
    Attack("addresses_of_linux", "find out where Linux is in memory", '''
for path in ("/proc/kallsyms", "/proc/modules", "/proc/iomem", "/proc/self/stack", "/proc/self/wchan", "/proc/self/stat",
    "/sys/kernel/notes", "/boot"):
    attempt(path, lambda: open(path).read(200_000)[-2000:] if os.path.isfile(path) else os.listdir(path))
''', lambda seen: "addresses of Linux" if "ffffffff8" in seen.text else None),
    Attack("users_of_keys", "find out which other users the machine has", '''
users = {line.split(":")[0].strip() for line in open("/proc/key-users")}
tried("users", sorted(users - {str(os.getuid())}))
''', only("users", "[]")),
    Attack("sys", "see or change devices, groups and modules of the machine", '''
for path in ("/sys", "/sys/fs/cgroup", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/module", "/sys/fs/bpf", "/sys/firmware",
    "/proc/acpi", "/proc/scsi", "/proc/asound"):
    attempt(path, os.listdir, path)
''', refused("[]")),
    Attack("control_groups", "leave its control group, or limit the others", '''
for path in ("/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs", "/sys/fs/cgroup/release_agent",
    "/proc/self/cgroup"):
    attempt(path, lambda: open(path, "w").write("1"))
''', refused("ENOENT", "EIO")),
    Attack("core_dump", "have a core dump written, or handed to a program", '''
import resource
attempt("raise the limit", resource.setrlimit, resource.RLIMIT_CORE, (1 << 30, 1 << 30))
tried("pattern", outcome(lambda: open("/proc/sys/kernel/core_pattern").read(1)))
child = os.fork()
if child == 0: os.abort()
status = os.waitpid(child, 0)[1]
tried("dumped", os.WCOREDUMP(status))
tried("files", [name for name in os.listdir() if "core" in name])
''', (only("dumped", "False"), only("files", "[]"), only("raise the limit", "ValueError", "EPERM"))),
    Attack("its_memory_as_a_file", "write its code by /proc/self/mem", '''
maps = [line.split() for line in open("/proc/self/maps")]
target = next(int(one[0].split("-")[0], 16) for one in maps if "r-xp" in one[1] and "libc" in one[-1])
attempt("write", lambda: os.pwrite(os.open("/proc/self/mem", os.O_RDWR), b"\\x90", target))
''', each("EACCES", "EPERM", "EROFS", "1")),
    Attack("proc_by_a_shell", "the same by bash", '''
for path in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/drop_caches; do
  (echo x > $path) 2>/dev/null && echo "TRIED $path: written" || echo "TRIED $path: EPERM"
done
echo "TRIED dmesg: $(dmesg 2>/dev/null | head -1 | grep . || echo EPERM)"
''', refused(), where=(BASH,)),
]
