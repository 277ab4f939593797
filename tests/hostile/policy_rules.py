"""Reads the rules of layers/jail/src/syscalls.rs, makes a script that tries each of them, and judges what it prints.

Every call is made in a process of its own with arguments of -1, which no call can do anything with, so that an allowed call
fails with EBADF, EFAULT or EINVAL. Where -1 itself is EPERM or ENOSYS, the same call made outside the sandbox says so too.
"""
from __future__ import annotations

import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "layers/jail/src/syscalls.rs"
MISSING, DENIED = "ENOSYS", "EPERM"
HEADERS = "sched.h sys/prctl.h sys/socket.h sys/personality.h fcntl.h sys/ioctl.h signal.h linux/fs.h linux/prctl.h sys/syscall.h".split()
#: Values that no rule of a kind is likely to name: the first that a rule does not name stands for all others.
OTHERS = {"socket": (2, 16), "socketpair": (2, 16), "personality": (0x0040000,), "prctl": (3, 4), "fcntl": (3, 1), "ioctl": (0x5412, 0x5413), "clone": (17,)}


@dataclasses.dataclass
class Rule:
    call: str
    argument: int
    value: int
    refused: bool


def without_comments(text: str) -> str:
    return re.sub(r"//.*", "", text)


@functools.cache
def tables() -> dict[str, list[str]]:
    text = without_comments(SOURCE.read_text())
    found = {}
    for table in re.finditer(r"table! \{(.*?)\n\}\s*\}?", text, re.S):
        head = re.search(r"(\w+) \{", table[1])
        if head and "not(target_arch" not in table[1]:
            found[head[1]] = re.findall(r"\bSYS_(\w+)", table[1])
    return found


@functools.cache
def constants() -> dict[str, int]:
    """Numbers of the calls and values of the constants, from the C library's headers by a program of a few lines."""
    text = SOURCE.read_text()
    own = {name: int(value.replace("_", ""), 0) for name, value in re.findall(r"const (\w+): i(?:32|64) = (-?(?:0x)?[0-9A-Fa-f_]+);", text)}
    names = {f"SYS_{name}" for name in re.findall(r"\bSYS_(\w+)", text)} | set(re.findall(r"libc::([A-Z]\w+)", text))
    lines = [f"#ifdef {name.replace('SYS_', '__NR_')}\n printf(\"{name} %lld\\n\", (long long){name.replace('SYS_', '__NR_')});\n#endif" for name in sorted(names)]
    program = "#define _GNU_SOURCE\n#include <stdio.h>\n" + "\n".join(f"#include <{header}>" for header in HEADERS) + "\nint main(void){\n" + "\n".join(lines) + "\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-x", "c", "-o", f"{folder}/numbers", "-"], input=program.encode(), check=True)
        told = subprocess.run([f"{folder}/numbers"], capture_output=True, check=True, text=True).stdout
    return {name: int(value) for name, value in (line.split() for line in told.splitlines())} | own


@functools.cache
def all_numbers() -> dict[str, int]:
    """Every call that the C library's headers know; a call that is newer than these is one that Linux does not know either."""
    text = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], capture_output=True, check=True, text=True).stdout
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)} | {
        name.removeprefix("SYS_"): number for name, number in constants().items() if name.startswith("SYS_")}


def number_of(name: str) -> int | None:
    return constants().get(f"SYS_{name}")


def value_of(text: str) -> int:
    text = text.strip().removeprefix("libc::")
    return int(text, 0) if re.fullmatch(r"-?(0x)?[0-9A-Fa-f_]+", text) else constants()[text]


@functools.cache
def conditional() -> list[Rule]:
    rules = []
    pattern = r"Conditional\s*\{\s*number: libc::SYS_(\w+),\s*argument: (\d),\s*refused_when: When::(\w+)\(&\[(.*?)\]\)"
    for call, argument, kind, listed in re.findall(pattern, without_comments(SOURCE.read_text()), re.S):
        values = [value_of(one) for one in listed.split(",") if one.strip()]
        other = next(value for value in OTHERS.get(call, (3, 0, 1)) if value not in values)
        rules += [Rule(call, int(argument), value, kind != "NoneOf") for value in values]
        rules.append(Rule(call, int(argument), other, kind == "NoneOf"))
    return rules


def calls() -> list[tuple[str, list[int]]]:
    """Every call to make: a name for the result, and number and arguments."""
    made = [(name, [number_of(name)] + [-1] * 6) for table in tables().values() for name in table if number_of(name) is not None]
    for rule in conditional():
        arguments = [0 if rule.call == "clone" else -1] * 6
        arguments[rule.argument] = rule.value
        made.append((f"{rule.call}({rule.argument}: {rule.value:#x})", [number_of(rule.call), *arguments]))
    listed = {number for _, (number, *_) in made}
    made += [(f"unlisted {number}", [number] + [-1] * 6) for number in range(0, 470) if number not in listed and number not in range(387, 424)]
    return made


#: Makes every call in a child of its own, which a timer ends when it waits.
TRY = '''
import ctypes, errno, json, os, signal
_call = ctypes.CDLL(None, use_errno=True).syscall
_call.restype = ctypes.c_long
def one(number, *arguments):
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        for stop in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM): signal.signal(stop, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        ctypes.set_errno(0)
        got = _call(ctypes.c_long(number), *[ctypes.c_long(a) for a in arguments])
        os.write(into, (errno.errorcode.get(ctypes.get_errno(), "other") if got == -1 else "ok").encode())
        os._exit(0)
    os.close(into)
    told = os.read(out, 100).decode()
    os.close(out)
    try: status = os.waitpid(child, 0)[1]
    except ChildProcessError: status = 0
    return told or ("SIGSYS" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSYS else "ended")
RESULTS = {name: one(*call) for name, call in CALLS}
'''


def script() -> str:
    return f"CALLS = {calls()!r}\n{TRY}\nprint('TRIED rules: ' + json.dumps(RESULTS))\n"


@functools.cache
def outside() -> dict[str, str]:
    """What the allowed calls answer outside, to an ordinary user without rights and with the same limit on locked memory."""
    allowed = set(tables()["allowed"]) | set(tables().get("allowed_here", []))
    made = [(name, call) for name, call in calls() if name in allowed or name in {f"{r.call}({r.argument}: {r.value:#x})" for r in conditional() if not r.refused}]
    program = f"import resource\nresource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))\nCALLS = {made!r}\n{TRY}\nprint(json.dumps(RESULTS))"
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    python = "/usr/bin/python3" if drop and os.access("/usr/bin/python3", os.X_OK) else sys.executable
    return json.loads(subprocess.run([*drop, python, "-c", program], capture_output=True, check=True, text=True, cwd="/").stdout)


def verdict(seen) -> str | None:
    results = json.loads(seen.of("rules")[0])
    known = [name for table in tables().values() for name in table]
    wrong = [f"{name} has no number on this machine" for name in known if number_of(name) is None]
    wrong += [f"the rule for {name} was not tried" for name, _ in calls() if name not in results]
    refused = {name for name in tables()["refused"]} | {f"{r.call}({r.argument}: {r.value:#x})" for r in conditional() if r.refused}
    for name, found in results.items():
        if name in refused and found != DENIED:
            wrong.append(f"{name} is refused, but: {found}")
        elif name.startswith("unlisted") and found != MISSING:
            wrong.append(f"{name}: {found}")
        elif name not in refused and not name.startswith("unlisted") and found in (MISSING, DENIED, "SIGSYS") and outside().get(name) != found:
            wrong.append(f"{name} is allowed, but: {found} (outside: {outside().get(name)})")
    if len(results) < 300 or not conditional():
        wrong.append(f"only {len(results)} calls were read from {SOURCE.name}, and {len(conditional())} rules on arguments")
    return "; ".join(wrong[:12]) or None
