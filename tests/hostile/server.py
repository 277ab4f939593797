"""The server under attack: started as root, as an ordinary user, or as on Lambda, and measured from outside."""
from __future__ import annotations

import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from processes import descendants

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "tql_hostile-suites-own-key-0123456789abcdef"
START_TIMEOUT_S = 60
#: Of the ids that the ordinary user is given.
FIRST_SUBORDINATE_ID = 1_000_000_000
PAGE = os.sysconf("SC_PAGE_SIZE")

#: Shows one folder, in a mount namespace of its own, to a user who may not pass the folders above it (such as /root).
SHOW = '''
show() {
  closed=$1 folder=$2
  stage=$(mktemp -d); mount -t tmpfs none "$stage"; mkdir "$stage/kept"; mount --rbind "$folder" "$stage/kept"
  mount -t tmpfs -o mode=755 none "$closed"; mkdir -p "$folder"; mount --rbind "$stage/kept" "$folder"
  umount -l "$stage"; rmdir "$stage"
}
set -e
mount --make-rprivate /
'''
#: A root as a function on Lambda has it (as in tests/src/isolation.rs), in which as-lambda runs the server.
AS_LAMBDA = '''
root=$1 program=$2 folder=$3
mount --rbind / "$root"; mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 var "$root/var"; mkdir "$root/var/task"; mkdir -p "$root$folder"
mount --bind "$folder" "$root$folder"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom; do : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
ln -s /proc/self/fd "$root/dev/fd"
cp "$program" "$root/var/task/sandcastle"
printf '#!/bin/sh\\nexec /var/task/sandcastle serve\\n' > "$root/var/task/serve"; chmod 755 "$root/var/task/serve"
'''


class Server:
    def __init__(self, program: str, kernel: str, packages: str, settings: dict, user: str | None, with_ids: bool,
        as_lambda: str | None, small_disk: int):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hostile-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.data, self.log_path = self.folder / "data", self.folder / "log"
        self.program, self.kernel, self.user, self.as_lambda = program, kernel, user, as_lambda
        self.uid = (int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid) if user else None
        self.process, self.with_ids = None, with_ids
        # At their own paths another user may not reach them.
        if user or as_lambda:
            for name in ("program", "kernel"):
                setattr(self, name, shutil.copy(getattr(self, name), self.folder / pathlib.Path(getattr(self, name)).name))
        self.packages, self.small_disk = packages, small_disk
        self.settings = {"PORT": "0", "S3_PORT": "0", "SANDCASTLE_API_KEY": KEY, "SANDCASTLE_DATA_DIR": str(self.data),
                         "SANDCASTLE_KERNEL": str(self.kernel), "SANDCASTLE_SITE_PACKAGES": packages,
                             "SANDCASTLE_LOG_FORMAT": "json"} | settings

    def command(self) -> list[str]:
        """The command that becomes the server; it ends in an exec, so that the process id is the server's."""
        if not (self.user or self.as_lambda):
            return [self.program, "serve"]
        uid = self.uid if self.user else 50_000 + os.getpid() % 1000
        os.chown(self.data, uid, uid)
        prefix = subprocess.check_output([self.kernel, "-c", "import sys; print(sys.base_prefix)"], text=True).strip()
        script = SHOW + "".join(f"show {closed_above(path)} {path}\n" for path in (prefix, self.packages) if closed_above(path))
        if self.as_lambda:
            root = self.folder / "root"
            root.mkdir()
            script += AS_LAMBDA + f'exec {self.as_lambda} "$root" {uid} /var/task/serve\n'
            return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, "sh", str(root),
                self.program, str(self.folder)]
        if self.with_ids:
            ids = self.folder / "ids"
            ids.write_text(f"{uid}:{FIRST_SUBORDINATE_ID}:65536\n")
            script += f"mount --bind {ids} /etc/subuid; mount --bind {ids} /etc/subgid\n"
        script += f"exec setpriv --reuid={uid} --regid={uid} --clear-groups {self.program} serve\n"
        return ["unshare", "--mount", "/bin/sh", "-c", script]

    def start(self) -> None:
        self.data.mkdir()
        if self.small_disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.small_disk}m", "hostile", str(self.data)], check=True)
        environment = {"PATH": os.environ["PATH"]} | self.settings | ({"JAIL": "best-effort", "HOME": "/tmp"} if self.as_lambda
            else {"HOME": str(self.folder)})
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command(), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.folder)
        until = time.monotonic() + START_TIMEOUT_S
        while not (found := re.search(r"ready at (http://\S+)", self.log())):
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the server does not start:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        self.url = found[1]
        while "packages imported" not in self.log() and time.monotonic() < until:
            time.sleep(0.05)
        files = re.search(r"files\s+(http://\S+)", self.log())
        self.ports = [int(url.rsplit(":", 1)[1]) for url in (self.url, files[1])]
        self.pid = next(pid for pid in (self.process.pid, *descendants(self.process.pid)) if called(pid) == "sandcastle")
        self.parents = set(descendants(self.pid))  # the zygotes, and what they keep

    def new_key(self, org: str) -> str:
        command = [self.program, "keys", "create", "--org", org, "--member", "one", "--name", "hostile"]
        user = self.uid if self.user else 50_000 + os.getpid() % 1000 if self.as_lambda else None
        out = subprocess.run(command, env={"SANDCASTLE_DATA_DIR": str(self.data)}, capture_output=True, text=True, user=user,
            group=user,
                             extra_groups=[] if user else None)
        if out.returncode:
            raise SystemExit(f"no key: {out.stderr}")
        return out.stdout.strip()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def died(self) -> bool:
        return self.process.poll() is not None

    def stop(self) -> int | None:
        """Ends it as a user does; the exit code, or None when it had to be killed."""
        for end in (signal.SIGINT, signal.SIGKILL):
            try:
                os.kill(self.pid, end)
                code = self.process.wait(30)
                return code if end == signal.SIGINT else None
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue
        return None

    def clean(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self.small_disk:
            subprocess.run(["umount", "--lazy", str(self.data)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # What is measured.
    def memory(self) -> int:
        return status(self.pid, "VmRSS")

    def peak_memory(self) -> int:
        return status(self.pid, "VmHWM")

    def begin_peak(self) -> None:
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def kernels(self) -> list[int]:
        return [pid for pid in descendants(self.pid) if pid not in self.parents]

    def stored(self) -> int:
        return size_of(self.data / "s3")

    def run_folder(self) -> int:
        return size_of(self.data / "run")


def closed_above(path: str) -> str | None:
    """The folder that others may not pass on the way to this one, the topmost of them."""
    return next((str(parent) for parent in reversed(pathlib.Path(path).parents) if not parent.stat().st_mode & 0o001), None)


def size_of(folder: pathlib.Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                pass
    return total


def comm(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def called(pid: int) -> str:
    """The name it was started by: a program that hides itself runs from a file with another one."""
    try:
        return pathlib.Path(pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0]).name
    except OSError:
        return ""


def status(pid: int, name: str) -> int:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0


def shared_memory(pid: int) -> int:
    """Bytes in the /dev/shm of a process, which has its own."""
    try:
        found = os.statvfs(f"/proc/{pid}/root/dev/shm")
    except OSError:
        return 0
    return (found.f_blocks - found.f_bfree) * found.f_frsize if found.f_blocks < 1 << 40 else 0


def proportional(pid: int) -> int:
    """Memory of a process, with its part of what it shares."""
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    except OSError:
        return 0
    return int(found[1]) << 10 if found else 0
