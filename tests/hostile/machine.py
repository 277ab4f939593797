"""The machine around the server: what of it no attack may change, and what may be left when the server has ended."""
from __future__ import annotations

import hashlib
import os
import pathlib
import signal
import time

from processes import descendants, parents
from server import Server, comm

#: How far the server may be from where it was after all attacks. Its allocator keeps what it had for each thread: after one call that
#: stores 190 MiB of variables 60 MiB stay. A leak by attack, some of them repeated hundreds of times, is far more than that.
MEMORY_GREW = 400 << 20
DESCRIPTORS_GREW = 40
SETTLE_S = 15
FILES = ("/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/ld.so.preload",
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
         "/proc/sys/kernel/domainname", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/randomize_va_space", "/proc/swaps",
             "/proc/sysvipc/shm", "/proc/sysvipc/sem",
         "/proc/sysvipc/msg", "/proc/sys/vm/overcommit_memory")
PLACES = ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/usr/bin", "/etc", "/root", "/dev/mqueue")


def picture() -> dict[str, object]:
    """What must be the same after the suite as before."""
    def digest(path: str) -> str:
        try:
            return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()[:16]
        except OSError as error:
            return str(error.errno)
    found: dict[str, object] = {path: digest(path) for path in FILES}
    found["modules"] = sorted(line.split()[0]
        for line in pathlib.Path("/proc/modules").read_text().splitlines()) if os.path.exists("/proc/modules") else []
    found["mounts"] = sorted(line.split(" ", 3)[3] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        if "/hostile-" not in line)
    # Another process of the tests may keep the clock right: only a jump tells.
    found["clock"] = round((time.time() - time.monotonic()) / 60)
    found["left files"] = sorted(f"{place}/{name}" for place in PLACES if os.path.isdir(place) for name in os.listdir(place)
                                 if name in ("hostile", "hostile-left", "hostile.socket", "core") or name.startswith("core."))
    return found


def differences(before: dict, after: dict) -> list[str]:
    return [f"{name} of the machine changed: {str(before[name])[:200]} -> {str(after[name])[:200]}" for name in before
        if before[name] != after[name]]


def settled(server: Server, most_memory: int, most_descriptors: int) -> list[str]:
    """Waits until the server is back where it was, and says in what it is not."""
    until = time.monotonic() + SETTLE_S
    while True:
        wrong = []
        if server.memory() > most_memory:
            wrong.append(f"the server holds {server.memory() >> 20} MiB, allowed {most_memory >> 20}")
        if server.descriptors() > most_descriptors:
            wrong.append(f"the server has {server.descriptors()} descriptors, allowed {most_descriptors}")
        left = [pid for pid in server.kernels() if comm(pid)]
        if left:
            wrong.append(f"processes are left: {[(pid, comm(pid)) for pid in left][:10]}")
        folders = sorted(path.name for path in (server.data / "run/kernels").glob("*/files/*"))
        if folders:
            wrong.append(f"files are left in the run folder: {folders[:10]}")
        if not wrong or time.monotonic() > until:
            return wrong
        time.sleep(0.2)


def orphans() -> list[str]:
    """What is still there when the server has ended: all of it became a child of this process."""
    until = time.monotonic() + 5
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        left = [pid for pid in descendants(os.getpid()) if pid in parents() and comm(pid)]
        if not left or time.monotonic() > until:
            names = [f"orphan {pid} {comm(pid)}" for pid in left]
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return names
        time.sleep(0.1)
