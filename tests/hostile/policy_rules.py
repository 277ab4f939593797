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
MISSING, DENIED, UNKNOWN = "ENOSYS", "EPERM", 4000
HEADERS = "sched.h sys/prctl.h sys/socket.h sys/personality.h fcntl.h sys/ioctl.h signal.h linux/fs.h linux/prctl.h sys/syscall.h".split()
#: Values that no rule of a kind is likely to name: the first that a rule does not name stands for all others.
OTHERS = {"socket": (2, 16), "socketpair": (2, 16), "personality": (0x0040000,), "prctl": (3, 4), "fcntl": (3, 1),
    "ioctl": (0x5412, 0x5413), "clone": (17,), "close_range": (4,)}


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
    own = {name: int(value.replace("_", ""), 0) for name,
        value in re.findall(r"const (\w+): i(?:32|64) = (-?(?:0x)?[0-9A-Fa-f_]+);", text)}
    names = {f"SYS_{name}" for name in re.findall(r"\bSYS_(\w+)", text)} | set(re.findall(r"libc::([A-Z]\w+)", text))
    lines = [f"#ifdef {name.replace('SYS_', '__NR_')}\n printf(\"{name} %lld\\n\", (long long){name.replace('SYS_', '__NR_')});\n#endif" for name in sorted(names)]
    program = "#define _GNU_SOURCE\n#include <stdio.h>\n" + "\n".join(f"#include <{header}>"
        for header in HEADERS) + "\nint main(void){\n" + "\n".join(lines) + "\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cc", "-x", "c", "-o", f"{folder}/numbers", "-"], input=program.encode(), check=True)
        told = subprocess.run([f"{folder}/numbers"], capture_output=True, check=True, text=True).stdout
    return {name: int(value) for name, value in (line.split() for line in told.splitlines())} | own


@functools.cache
def all_numbers() -> dict[str, int]:
    """Every call that the C library's headers know; a call that is newer than these is one that Linux does not know either."""
    text = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], capture_output=True,
        check=True, text=True).stdout
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
        if kind == "BitWithout":
            bit, without = values
            rules += [Rule(call, int(argument), bit, True), Rule(call, int(argument), bit | without, False)]
            continue
        other = next(value for value in OTHERS.get(call, (3, 0, 1)) if value not in values)
        rules += [Rule(call, int(argument), value, kind != "NoneOf") for value in values]
        rules.append(Rule(call, int(argument), other, kind == "NoneOf"))
    return rules


#: Linux asks no filter about these two of x86-64: return and entry of a probe, which end the process elsewhere
#: (`seccomp: passthrough uretprobe systemcall without filtering`, in Linux 6.14).
UNFILTERED = range(335, 337)


#: So many calls are one script, which must end within the limit of a call.
PART = 30


def key(rule: Rule) -> str:
    return f"{rule.call}({rule.argument}: {rule.value:#x})"


@functools.cache
def groups() -> dict[str, dict[str, list[int]]]:
    """Every call to make, with its number and arguments: those of each table, the rules on arguments, and all that is in no table."""
    found = {table: {name: [UNKNOWN if number_of(name) is None else number_of(name)] + [-1] * 6 for name in names} for table,
        names in tables().items()}
    found["on_arguments"] = {}
    for rule in conditional():
        arguments = [0 if rule.call == "clone" else -1] * 6
        arguments[rule.argument] = rule.value
        found["on_arguments"][key(rule)] = [number_of(rule.call), *arguments]
    listed = {call[0] for group in found.values() for call in group.values()}
    gap = range(387, 424)  # numbers that x86-64 leaves out
    found["in_no_table"] = {str(number): [number] + [-1] * 6 for number in range(470)
                            if number not in listed and number not in gap and number not in UNFILTERED}
    return {f"{name}_{n // PART + 1}" if len(group) > PART else name: dict(list(group.items())[n:n + PART])
            for name, group in found.items() for n in range(0, len(group), PART)}


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
RESULTS = {name: one(*call) for name, call in CALLS.items()}
'''


def script(group: str) -> str:
    return f"CALLS = {groups()[group]!r}\n{TRY}\nprint('TRIED rules: ' + json.dumps(RESULTS))\n"


@functools.cache
def outside() -> dict[str, str]:
    """What the allowed calls answer outside, to an ordinary user without rights and with the same limit on locked memory."""
    refused = {key(rule) for rule in conditional() if rule.refused} | set(tables()["refused"])
    made = {name: call for part, group in groups().items() if not part.startswith("in_no_table") for name,
        call in group.items() if name not in refused}
    program = f"import resource\nresource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))\nCALLS = {made!r}\n{TRY}\nprint(json.dumps(RESULTS))"
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
        "--inh-caps=-all"] if os.geteuid() == 0 else []
    python = "/usr/bin/python3" if drop and os.access("/usr/bin/python3", os.X_OK) else sys.executable
    return json.loads(subprocess.run([*drop, python, "-c", program], capture_output=True, check=True, text=True, cwd="/").stdout)


def verdict(group: str):
    def judge(seen) -> str | None:
        results, rules = json.loads(seen.of("rules")[0]), groups()[group]
        wrong = [f"{name} was not tried" for name in rules if name not in results] + [f"{name} has no number here" for name,
            call in rules.items() if call[0] == UNKNOWN]
        refused = {key(rule) for rule in conditional() if rule.refused} | set(tables()["refused"])
        for name, found in results.items():
            if group.startswith("in_no_table"):
                wrong += [f"{name}: {found}"] if found != MISSING else []
            elif name in refused:
                wrong += [f"{name} is refused, but: {found}"] if found != DENIED else []
            elif found in (MISSING, DENIED, "SIGSYS") and outside().get(name) != found:
                wrong.append(f"{name} is allowed, but: {found} (outside: {outside().get(name)})")
        return "; ".join(wrong[:12]) or None
    return judge


def nothing_read() -> str | None:
    """The rules are read by patterns. What these would miss, when the file is written otherwise, is noticed here."""
    text = without_comments(SOURCE.read_text())
    read, there = sum(map(len, tables().values())), len(set(re.findall(r"\bSYS_(\w+)", text)))
    rules, written = {rule.call for rule in conditional()}, set(re.findall(r"number: libc::SYS_(\w+)", text))
    return None if read + len(rules) == there and rules == written else f"{read} calls and {len(rules)} rules were read of {there} and {len(written)} in {SOURCE.name}"
