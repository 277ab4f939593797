"""Other processes: their environment, memory, descriptors and threads."""
from entry import BASH, EXECUTE, Attack, each, never, only, refused

#: Texts that begin like a key or like the bystander's secret. The parts are joined so that the script itself is no match.
SEARCH = '''
import re
planted = b"tql_" + b"planted" * 4
pattern = re.compile(b"tql_" + b"[A-Za-z0-9_-]{12,60}|bystander" + b"-[0-9a-f]{32}")
found, readable = set(), 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    try: maps, memory = open(f"/proc/{pid}/maps").read(), open(f"/proc/{pid}/mem", "rb", 0)
    except OSError: continue
    readable += 1
    for line in maps.splitlines():
        where, rights = line.split()[:2]
        start, end = (int(border, 16) for border in where.split("-"))
        while "r" in rights and start < end:
            try:
                memory.seek(start)
                found.update(pattern.findall(memory.read(min(end - start, (1 << 20) + 64))))
            except (OSError, OverflowError, ValueError): break
            start += 1 << 20
tried("planted", planted in found or not readable)
tried("others", sorted(found - {planted}))
'''

ATTACKS = [
    Attack("environ_of_every_process", "read the environment of each process in /proc", '''
for pid in filter(str.isdigit, os.listdir("/proc")):
    attempt("environ", lambda: open(f"/proc/{pid}/environ").read().replace("\\0", " "))
tried("own", sorted(os.environ))
''', never("AWS_", "SANDCASTLE_", "JWT_", "S3_PORT"), everywhere=True),
    Attack("memory_of_every_process", "search all memory that can be read for keys and for another sandbox's values", SEARCH,
           (only("planted", "True"), only("others", "[]")), where=(EXECUTE,), everywhere=True),
    Attack("memory_from_a_command", "the same from a command, which is another process", SEARCH,
           (only("planted", "True"), only("others", "[]")), where=("python",), everywhere=True),
    Attack("descriptors_of_every_process", "open what other processes have open", '''
own = str(os.getpid())
for pid in filter(str.isdigit, os.listdir("/proc")):
    if pid == own: continue
    links = outcome(os.listdir, f"/proc/{pid}/fd")
    tried("listed", links)
    for fd in links if isinstance(links, list) else ():
        attempt("opened", lambda: os.close(os.open(f"/proc/{pid}/fd/{fd}", os.O_RDWR)))
tried("own", len(os.listdir("/proc/self/fd")))
''', (lambda seen: f"opened {seen.of('listed')}" if "ok" in seen.of("opened") else None), everywhere=True),
    Attack("inherited_descriptors", "find a descriptor of the service among its own", '''
import socket, stat
for fd in range(1024):
    try: mode = os.fstat(fd).st_mode
    except OSError: continue
    kind = "socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else os.readlink(f"/proc/self/fd/{fd}")
    if kind == "socket":
        one = socket.socket(fileno=os.dup(fd))
        kind += f" {one.family.name} {one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)}"
    tried(fd, kind)
''', lambda seen: next((f"descriptor {fd}: {kind}" for fd, kind in seen.found if not (
        kind in ("pipe", "/dev/null", "socket AF_UNIX 0") or kind.endswith("(deleted)") or kind.startswith("anon_inode"))), None),
           everywhere=True),
    Attack("process_list", "see processes that are not its own", '''
for pid in filter(str.isdigit, os.listdir("/proc")):
    tried("pid", pid)
    tried("command", outcome(lambda: open(f"/proc/{pid}/comm").read().strip()))
''', lambda seen: None if all(int(pid) < 300 for pid in seen.of("pid")) and len(seen.of("pid")) <= 4 else f"{seen.found}"),
    Attack("details_of_process_1", "read what /proc tells of the process above", '''
for name in ("environ", "mem", "maps", "auxv", "cwd", "root", "exe", "fd", "ns/user", "ns/net", "stack", "syscall", "io",
             "pagemap", "personality", "map_files", "smaps", "task/1/mem"):
    path = "/proc/1/" + name
    attempt(name, lambda: os.readlink(path) if os.path.islink(path) else os.listdir(path) if os.path.isdir(path)
        else open(path, "rb").read(8))
''', refused()),
    Attack("ptrace", "trace process 1, the parent, itself and a child", '''
child = os.fork()
if child == 0:
    import time; time.sleep(30); os._exit(0)
for what, pid in (("attach 1", 1), ("attach parent", os.getppid()), ("attach child", child)):
    tried(what, call("ptrace", 16, pid, 0, 0))
    tried(what.replace("attach", "seize"), call("ptrace", 0x4206, pid, 0, 0))
tried("traceme", call("ptrace", 0, 0, 0, 0))
os.kill(child, 9); os.waitpid(child, 0)
''', refused()),
    Attack("process_vm", "read and write another process's memory", '''
buffer = ctypes.create_string_buffer(8)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
there = (ctypes.c_size_t * 2)(0x400000, 8)
for pid in (1, os.getppid(), *HOST["pids"]):
    tried("read", call("process_vm_readv", pid, vector, 1, there, 1, 0))
    tried("write", call("process_vm_writev", pid, vector, 1, there, 1, 0))
''', refused()),
    Attack("pidfd", "take descriptors out of process 1 by a pidfd", '''
for pid in (1, *HOST["pids"]):
    handle = call("pidfd_open", pid, 0)
    for fd in range(4) if isinstance(handle, int) else ():
        tried("getfd", call("pidfd_getfd", handle, fd, 0))
    tried("getfd of nothing", call("pidfd_getfd", -1, 0, 0))
    tried("madvise", call("process_madvise", handle if isinstance(handle, int) else -1, 0, 0, 0, 0))
    tried("kcmp", call("kcmp", os.getpid(), pid, 0, 0, 0))
''', refused()),
    Attack("more_rights", "become another user, take capabilities", '''
for what, function, arguments in (("setuid", os.setuid, (0,)), ("setgid", os.setgid, (0,)),
    ("setresuid", os.setresuid, (0, 0, 0)),
                                  ("setgroups", os.setgroups, ([0],)), ("other user", os.setuid, (os.getuid() + 1,))):
    attempt(what, function, *arguments)
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xffffffff] * 6)
tried("capset", call("capset", header, data))
tried("ambient", call("prctl", 47, 2, 21, 0, 0))
tried("setfsuid", "EPERM" if (call("setfsuid", 0), call("setfsuid", -1))[1] == os.getuid() else "became root")
''', refused("EINVAL")),
    Attack("setuid_binaries", "run programs that would run as root", '''
find / -xdev -perm -4000 -type f 2>/dev/null | head -20 > list
for program in $(cat list) /bin/su /usr/bin/sudo /usr/bin/pkexec; do
  echo "TRIED $program: $(timeout 2 $program -c id </dev/null 2>&1 | head -1 | tr -d ':')"
done
cp /usr/bin/id own; chmod 4755 own; echo "TRIED own: $(./own -u)"
chown 0 own && echo "TRIED chown: owner $(stat -c %u own)" || echo "TRIED chown: EPERM"
''', (never("uid=0", "owner 0"), lambda seen: "own set-uid copy is root" if "0" in seen.of("own") else None), where=(BASH,)),
    Attack("user_namespaces", "make a namespace, of each kind and by each call", '''
import signal
kinds = dict(user=0x10000000, mount=0x20000, pid=0x20000000, net=0x40000000, ipc=0x8000000, uts=0x4000000, cgroup=0x2000000,
    time=0x80)
for kind, flag in kinds.items():
    tried("unshare " + kind, call("unshare", flag))
    got = call("clone", flag | signal.SIGCHLD, 0, 0, 0, 0)
    if got == 0: os._exit(0)
    tried("clone " + kind, got)
for name in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
    fd = outcome(os.open, "/proc/self/ns/" + name, 0)
    tried("setns", call("setns", fd if isinstance(fd, int) else -1, 0))
tried("clone3", call("clone3", (ctypes.c_uint64 * 8)(0x10000000), 64))
''', refused("EINVAL")),
    Attack("namespaces_of_a_shell", "the same with util-linux", '''
for flags in -Ur -m -n -p -i -u -C; do
  echo "TRIED $flags: $(unshare $flags id -u 2>/dev/null || echo EPERM)"
done
echo "TRIED nsenter: $(nsenter -t 1 -m id -u 2>/dev/null || echo EPERM)"
''', refused(), where=(BASH,)),
    Attack("resource_limits", "raise its own limits", '''
import resource
for name in ("NPROC", "NOFILE", "AS", "DATA", "FSIZE", "CORE", "MEMLOCK", "STACK", "MSGQUEUE", "NICE", "RTPRIO", "SIGPENDING"):
    kind = getattr(resource, "RLIMIT_" + name)
    # The limit on core dumps cannot even be asked for.
    if outcome(resource.getrlimit, kind) in ("EPERM", "PermissionError"): tried(name, "EPERM"); continue
    if resource.getrlimit(kind)[1] == resource.RLIM_INFINITY: tried(name, "unlimited"); continue
    attempt(name, resource.setrlimit, kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
''', each("EPERM", "ValueError", "ESRCH", "EACCES", "PermissionError")),
    Attack("priorities", "take the processors for itself", '''
attempt("nice", os.nice, -5)
attempt("priority of process 1", os.setpriority, os.PRIO_PROCESS, 1, 19)
attempt("real time", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
tried("deadline", call("sched_setattr", 0, (ctypes.c_uint64 * 7)(48 | 6 << 32, 0, 0, 10 ** 7, 10 ** 8, 10 ** 8), 0))
tried("real time io", call("ioprio_set", 1, 0, 1 << 13))
''', refused("EINVAL")),
    Attack("prctl", "weaken its own confinement", '''
for what, option, value in (("outlive the zygote", 1, 0), ("no_new_privs off", 38, 0), ("no filter", 22, 0),
    ("memory map", 35, 1),
                            ("bounding set", 24, 0), ("securebits", 28, 0), ("ambient", 47, 2), ("tracer", 0x59616d61, -1)):
    tried(what, call("prctl", option, value, 0, 0, 0))
tried("seccomp", call("seccomp", 1, 0, 0))
tried("personality", call("personality", 0x0040000))
''', refused("EINVAL")),
]
