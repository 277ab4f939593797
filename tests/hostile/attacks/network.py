"""The network: sockets of every family, addresses of services, and names in the abstract namespace."""
from entry import BASH, Attack, each, only, refused

ATTACKS = [
    Attack("sockets_of_every_family", "make a socket of each family and kind", '''
for family in range(2, 47):
    for kind in (1, 2, 3, 5):
        tried(f"family {family} kind {kind}", call("socket", family, kind, 0))
    tried(f"pair {family}", call("socketpair", family, 1, 0, (ctypes.c_int * 2)()))
tried("higher bits", call("socket", 0x1_0000_0002, 1, 0))
tried("higher bits of a pair", call("socketpair", 0x1_0000_0002, 1, 0, (ctypes.c_int * 2)()))
''', refused()),
    Attack("addresses_of_services", "reach Lambda's runtime API and the metadata of clouds", '''
import urllib.request
for address in ("127.0.0.1:9001/2018-06-01/runtime/invocation/next", "169.254.169.254/latest/meta-data/",
    "169.254.170.2/v2/credentials",
                "169.254.100.1:9001/2018-06-01/runtime/init/error", "100.100.100.200/latest/", "metadata.google.internal/",
                    "[fd00:ec2::254]/latest/"):
    attempt(address.replace(":", "."), lambda: urllib.request.urlopen("http://" + address, timeout=1).status)
''', each("URLError", "EPERM", "EACCES")),
    Attack("ports_of_the_server", "reach the server's own API and its bucket", '''
import socket
for port in HOST["ports"]:
    for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):
        attempt(f"{host.replace(':', '.')} {port}", socket.create_connection, (host, port), 1)
''', each("EPERM", "EACCES", "ENETUNREACH", "gaierror", "EAI_FAIL")),
    Attack("ports_by_a_shell", "the same by bash and by programs", '''
for port in $PORTS 22 80; do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && echo "TRIED tcp $port: open" || echo "TRIED tcp $port: EPERM"; done
(exec 3<>/dev/udp/127.0.0.1/53) 2>/dev/null && echo "TRIED udp: open" || echo "TRIED udp: EPERM"
curl -s -m 2 http://127.0.0.1:${PORTS%% *}/ >/dev/null 2>&1 && echo "TRIED curl: open" || echo "TRIED curl: EPERM"
''', refused(), where=(BASH,)),
    Attack("names", "have a name looked up outside", '''
import socket
for name in ("example.com", "localhost.localdomain", "kubernetes.default.svc"): attempt(name, socket.gethostbyname, name)
''', each("gaierror", "-2", "-3", "EPERM", "EAI_AGAIN")),
    Attack("tables_of_the_network", "read what the machine's network does", '''
for name in ("tcp", "tcp6", "udp", "raw", "packet"):
    tried(name, outcome(lambda: len(open("/proc/net/" + name).readlines()) - 1))
tried("interfaces", outcome(lambda: sorted(line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line)))
tried("routes", outcome(lambda: len(open("/proc/net/route").readlines()) - 1))
tried("names", outcome(lambda: sorted({line.split()[7] for line in open("/proc/net/unix").readlines()[1:]
    if len(line.split()) > 7})))
''', lambda seen: next((f"{what}: {found}" for what, found in seen.found if found not in ("0", "-1", "[]", "['lo']", "ENOENT",
    "EACCES", "EPERM", "EINVAL")), None)),
    Attack("interfaces", "ask for and change the interfaces by ioctl", '''
import socket, fcntl, struct
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for what, request in (("up", 0x8914), ("address", 0x8916), ("hardware address", 0x8924), ("name", 0x8923), ("bridge", 0x89a0)):
    attempt(what, fcntl.ioctl, one, request, struct.pack("16sH14s", b"lo", 1, b""))
''', refused("ENOTTY", "EINVAL", "EOPNOTSUPP", "ENODEV", "ENOPKG")),
    Attack("sockets_of_the_machine", "connect to sockets of services, by path and by abstract name", '''
import socket
paths = ["/run/docker.sock", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private",
    "/run/containerd/containerd.sock", "/tmp/.X11-unix/X0",
         "/var/run/nscd/socket", "/run/systemd/journal/dev-log", "/dev/log"]
for path in paths + ["\\0" + name for name in HOST["abstract"]]:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        attempt(path.replace("\\0", "@").replace(":", "."), socket.socket(socket.AF_UNIX, kind).connect, path)
''', refused("ECONNREFUSED")),
    Attack("io_uring", "make a socket by operations that no filter sees", '''
tried("setup", call("io_uring_setup", 4, (ctypes.c_char * 120)()))
tried("enter", call("io_uring_enter", -1, 1, 1, 0, 0, 0))
tried("register", call("io_uring_register", -1, 0, 0, 0))
''', only("setup", "ENOSYS", "EPERM")),
    Attack("urgent_data", "reach faults of rarely used paths of AF_UNIX", '''
import socket
one, other = socket.socketpair()
attempt("urgent", one.send, b"x", socket.MSG_OOB)
attempt("zero copy", lambda: one.setsockopt(socket.SOL_SOCKET, 60, 1))
attempt("filter", lambda: one.setsockopt(socket.SOL_SOCKET, 26, (ctypes.c_uint64 * 2)(1, 0)))
attempt("bpf", lambda: one.setsockopt(socket.SOL_SOCKET, 50, 3))
attempt("force buffer", lambda: one.setsockopt(socket.SOL_SOCKET, 32, 1 << 30))
attempt("mark", lambda: one.setsockopt(socket.SOL_SOCKET, 36, 1))
attempt("device", lambda: one.setsockopt(socket.SOL_SOCKET, 25, b"lo"))
''', (only("force buffer", "EPERM"), only("mark", "EPERM"))),
]
