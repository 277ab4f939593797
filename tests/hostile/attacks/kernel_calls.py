"""System calls that have been ways out elsewhere, made directly. `policy` tries every call; here are those with arguments."""
from entry import BASH, EXECUTE, Attack, each, never, only, refused

#: Machine code: `int 0x80` with the 32-bit number of getpid, and the same after a far return into a 32-bit segment.
INT_80 = r'b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"'
RUN_CODE = '''
import mmap, signal, struct
def run_code(what, code):
    child = os.fork()
    if child == 0:
        page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40, prot=7)
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        page.write(code(at))
        ctypes.CFUNCTYPE(ctypes.c_int)(at)()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    tried(what, signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")
'''
ATTACKS = [
    Attack("change_the_machine", "restart it, load modules, set its clock and its name", '''
for name, arguments in (("reboot", (0xfee1dead, 672274793, 0x89abcdef)), ("kexec_load", (0, 0, 0, 0)),
    ("kexec_file_load", (0, 0, 0, 0, 0)),
                        ("init_module", (b"x", 1, b"")), ("finit_module", (0, b"", 0)), ("delete_module", (b"x", 0)),
                            ("swapon", (b"x", 0)),
                        ("swapoff", (b"x",)), ("acct", (b"x",)), ("settimeofday", ((ctypes.c_long * 2)(1, 0), 0)),
                        ("clock_settime", (0, (ctypes.c_long * 2)(1, 0))), ("adjtimex", ((ctypes.c_char * 400)(1),)),
                        ("clock_adjtime", (0, (ctypes.c_char * 400)(1))), ("syslog", (3, b"x" * 64, 64)),
                            ("sethostname", (b"x", 1)),
                        ("setdomainname", (b"x", 1)), ("quotactl", (0x80000100, b"/dev/vda", 0, 0)), ("vhangup", ()),
                            ("iopl", (3,)),
                        ("ioperm", (0, 1, 1))):
    tried(name, call(name, *arguments))
''', refused()),
    Attack("bpf", "load a program into Linux", '''
for command in (0, 5, 18, 28): tried(command, call("bpf", command, (ctypes.c_char * 128)(1, 0, 0, 0, 4, 0, 0, 0, 4), 128))
''', refused()),
    Attack("perf", "count and sample what the machine does", '''
for pid, cpu in ((0, -1), (-1, 0), (1, -1)): tried(f"{pid} {cpu}", call("perf_event_open", (ctypes.c_uint32 * 28)(1, 112), pid,
    cpu, -1, 0))
''', refused()),
    Attack("userfaultfd", "stop Linux in the middle of a copy", '''
for flags in (0, 1, 0x80800): tried(flags, call("userfaultfd", flags))
attempt("device", os.open, "/dev/userfaultfd", os.O_RDWR)
''', refused()),
    Attack("keyrings", "keep a secret in, or take one from, a keyring of the user", '''
for ring in (-1, -2, -3, -4, -5): tried("add_key", call("add_key", b"user", b"hostile", b"x", 1, ring))
tried("request_key", call("request_key", b"user", b"hostile", 0, -4))
for command in (0, 1, 5, 6, 10, 11, 17): tried(f"keyctl {command}", call("keyctl", command, -4, 0, 0, 0))
tried("/proc/keys", outcome(lambda: len(open("/proc/keys").readlines())))
''', refused("0")),
    Attack("programs_without_a_file", "run a program that is in no folder", '''
tried("memfd_create", call("memfd_create", b"x", 0))
tried("memfd_create exec", call("memfd_create", b"x", 0x10))
data = open("/usr/bin/id", "rb").read()
open("/dev/shm/id", "wb").write(data); os.chmod("/dev/shm/id", 0o755)
attempt("from shared memory", os.execv, "/dev/shm/id", ["id"])
attempt("library from shared memory", lambda: ctypes.CDLL("/dev/shm/id"))
''', each("ENOSYS", "EACCES", "EPERM", "OSError")),
    Attack("x32_calls", "call by the numbers of x32", '''
for number in (39, 521, 59, 101, 520, 41, 56): tried(number, call(0x40000000 + number, 0, 0, 0, 0))
''', refused()),
    Attack("i386_calls", "call by the numbers of i386, which the filter does not know", RUN_CODE + f'''
run_code("int 0x80", lambda at: {INT_80})
''' + r'''
far = lambda code: lambda at: b"\x6a\x23\x68" + struct.pack("<I", at + 32) + b"\x48\xcb" + b"\x90" * 22 + code
run_code("compat int 0x80", far(b"\xb8\x14\x00\x00\x00\xcd\x80\xf4"))
run_code("compat sysenter", far(b"\xb8\x14\x00\x00\x00\x89\xe5\x0f\x34\xf4"))
run_code("compat syscall", far(b"\xb8\x14\x00\x00\x00\x0f\x05\xf4"))
''', each("SIGSYS", "SIGSEGV", "SIGILL")),
    Attack("machine_code", "use what machine code may that Python may not: ports, descriptors of segments, old entries",
        RUN_CODE + r'''
run_code("out", lambda at: b"\xb0\xfe\xe6\x64\xc3")
run_code("cli", lambda at: b"\xfa\xc3")
run_code("wrmsr", lambda at: b"\x0f\x30\xc3")
run_code("vsyscall", lambda at: b"\x48\xc7\xc0\x00\x00\x60\xff\xff\xd0\xc3")
tried("modify_ldt", call("modify_ldt", 1, (ctypes.c_uint32 * 4)(0, 0, 0xfffff, 0x51), 16))
''', lambda seen: next((f"{what}: {found}" for what, found in seen.found if what != "vsyscall" and found not in ("SIGSEGV",
    "ENOSYS", "EPERM")), None)),
    Attack("calls_in_no_table", "calls that no table has, by name", '''
for name in ("shmget", "semget", "msgget", "mq_open", "timer_create", "io_setup", "seccomp", "clone3", "memfd_secret",
    "process_madvise", "process_mrelease",
             "pidfd_getfd", "lookup_dcookie", "sysfs", "ustat", "uselib", "vmsplice", "migrate_pages", "move_pages", "statmount",
                 "listmount",
             "lsm_set_self_attr", "map_shadow_stack", "cachestat", "quotactl_fd", "open_tree_attr"):
    tried(name, call(name, -1, 0, 0, 0, 0, 0))
''', refused()),
    Attack("terminal_input", "type into another process's terminal", '''
import fcntl
for fd in (0, 1, 2):
    for what, request in (("TIOCSTI", 0x5412), ("TIOCLINUX", 0x541C), ("TIOCSCTTY", 0x540E), ("TIOCCONS", 0x541D),
        ("higher bits", 0x1_0000_5412)):
        tried(what, call("ioctl", fd, request, b"x"))
''', refused("ENOTTY")),
    Attack("ioctls_of_files", "use requests of file systems that no package needs", '''
fd = os.open("plain", os.O_CREAT | os.O_RDWR)
for what, request in (("FS_IOC_SETFLAGS", 0x40086602), ("FS_IOC_FSSETXATTR", 0x401c5820), ("FIFREEZE", 0xc0045877),
    ("FITRIM", 0xc0185879),
                      ("FIDEDUPERANGE", 0xc0189436), ("FS_IOC_ENABLE_VERITY", 0x40806685),
                          ("FS_IOC_SET_ENCRYPTION_POLICY", 0x800c6613),
                      ("EXT4_IOC_MOVE_EXT", 0xc028660f), ("EXT4_IOC_SHUTDOWN", 0x8004587d), ("FIBMAP", 1),
                          ("FS_IOC_FIEMAP", 0xc020660b), ("LOOP_SET_FD", 0x4c00)):
    tried(what, call("ioctl", fd, request, (ctypes.c_uint64 * 16)(8)))
''', refused("ENOTTY")),
    Attack("syncfs", "make the machine's disk write out all that waits", '''
tried("syncfs", call("syncfs", os.open(".", os.O_RDONLY)))
''', refused()),
    Attack("watches_are_refused", "make an inotify, a dnotify or a fanotify watch", '''
import fcntl
tried("inotify_init1", call("inotify_init1", 0))
tried("inotify_add_watch", call("inotify_add_watch", -1, b"/usr/bin", 0xfff))
tried("inotify_init", call("inotify_init"))
tried("fanotify_init", call("fanotify_init", 0, 0))
tried("fanotify_mark", call("fanotify_mark", -1, 1, 0x20, -100, b"/usr/bin"))
attempt("F_NOTIFY", lambda: fcntl.fcntl(os.open("/usr/bin", os.O_RDONLY), 1026, 0x8000003f))
tried("F_NOTIFY with higher bits", call("fcntl", os.open("/usr/bin", os.O_RDONLY), 0x1_0000_0402, 0x3f))
''', refused()),
    Attack("leases_are_refused", "take a lease on a file that all kernels share", '''
import fcntl
for path in ("/usr/bin/bash", "/usr/bin", os.__file__):
    for what, how in (("write lease", 1), ("read lease", 0)): attempt(what, lambda: fcntl.fcntl(os.open(path, os.O_RDONLY), 1024,
        how))
''', refused("EINVAL", "EBADF")),
    Attack("faults_of_arguments", "give each call pointers that lead into Linux's own memory", '''
top = -1 << 47
for name in ("read", "write", "getdents64", "recvmsg", "sendmsg", "ppoll", "epoll_ctl", "futex", "statx", "newfstatat",
    "getrandom", "uname", "sysinfo"):
    tried(name, call(name, 0, top, 64, top, top, top))
''', lambda seen: None if "0xffff" not in seen.text else "an address of Linux", dies=True),
]
