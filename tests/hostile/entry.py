"""What an entry of the suite is: an attack, and what must hold after it. The attack says what it got; the verdicts decide.

A script prints a line `TRIED what: found` for each thing that it tries. A script without such a line has tried nothing, and
counts as failed: a syntax error must never pass for a border that holds.
"""
from __future__ import annotations

import dataclasses
import re
from typing import Callable

EXECUTE, PYTHON, BASH, OUTSIDE = "execute", "python", "bash", "outside"
BOTH = (EXECUTE, PYTHON)
LINE = re.compile(r"^TRIED ([^:\n]+): (.*)$", re.M)
#: How Linux and the filter say no. Other errors, such as EFAULT, show that a call got through.
REFUSALS = {"EPERM", "EACCES", "ENOSYS", "ENOENT", "ESRCH", "EROFS"}

#: Goes before every script in Python. `call` makes a system call, `attempt` tells what a function returned or raised.
PRELUDE = '''
import ctypes, errno, os, sys
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
def _name(number): return errno.errorcode.get(number, str(number))
def call(name, *arguments):
    number = name if isinstance(name, int) else NUMBERS.get(name, 4000)
    ctypes.set_errno(0)
    given = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    got = _libc.syscall(ctypes.c_long(number), *given)
    return _name(ctypes.get_errno()) if got == -1 else got
def tried(what, found=""): print("TRIED " + str(what) + ": " + str(found).replace("\\n", " ")[:2000], flush=True)
def outcome(function, *arguments):
    try: got = function(*arguments)
    except OSError as error: return _name(error.errno) if error.errno else type(error).__name__
    except Exception as error: return type(error).__name__
    return "ok" if got is None else got
def attempt(what, function, *arguments): tried(what, outcome(function, *arguments))
'''


@dataclasses.dataclass
class Seen:
    """What came of one attack."""
    text: str = ""                    # all that it printed
    error: str = ""                   # of an execute; of an exec what ended it from outside
    exit_code: int = 0                # of an exec
    status: int = 200
    files: dict = dataclasses.field(default_factory=dict)    # name -> bytes of what the call returned
    memory: int = 0                   # the most that the sandboxes' processes and shared memory held at once, in bytes
    host_memory: int = 0              # by how much the server's own memory grew at its peak
    stored: int = 0                   # by how many bytes the store grew
    disk: int = 0                     # by how many bytes the folders of running kernels grew at their peak
    limits: dict = dataclasses.field(default_factory=dict)

    @property
    def found(self) -> list[tuple[str, str]]:
        return LINE.findall(self.text)

    def of(self, what: str) -> list[str]:
        return [found for tried, found in self.found if tried == what]


Verdict = Callable[[Seen], "str | None"]


@dataclasses.dataclass
class Attack:
    name: str
    tries: str
    code: str | Callable                # a script; or a function that attacks from outside with a scene.Scene
    holds: Verdict | tuple
    where: tuple = BOTH
    then: str = ""                      # a second script, in the same sandbox and after the first call
    pause: float = 0.2                  # seconds before the second script
    dies: bool = False                  # the attack may end its own process
    everywhere: bool = False            # must hold even where Linux refuses the confinement
    small_disk: bool = False            # fills the disk, so that it has a server of its own on a small one (--small-disk)
    soak: bool = False                  # takes too long for every run
    beside: bool = False                # mostly waits, so that it runs beside the others
    scripted: bool = False              # the function makes a script, rather than attacking from outside

    def verdicts(self) -> tuple:
        return self.holds if isinstance(self.holds, tuple) else (self.holds,)

    def measures(self) -> set[str]:
        return {verdict.measures for verdict in self.verdicts() if hasattr(verdict, "measures")}

    def runs(self) -> tuple:
        """Where it runs: inside, as each of these, or from outside."""
        return self.where if isinstance(self.code, str) or self.scripted else (OUTSIDE,)


def refused(*more: str) -> Verdict:
    """Every attempt failed, and as one does that is not allowed."""
    return each(*REFUSALS, *more)


def each(*allowed: str) -> Verdict:
    def verdict(seen: Seen):
        wrong = [f"{what}: {found}" for what, found in seen.found if found not in allowed]
        return f"got through: {'; '.join(wrong)}" if wrong else None
    return verdict


def only(what: str, *allowed: str) -> Verdict:
    """What was found of this thing is one of these."""
    def verdict(seen: Seen):
        found = seen.of(what)
        return None if found and set(found) <= set(allowed) else f"{what}: {found}, allowed {list(allowed)}"
    return verdict


def never(*texts: str) -> Verdict:
    def verdict(seen: Seen):
        there = [text for text in texts if text in seen.text]
        return f"the output has {there}" if there else None
    return verdict


def at_most(what: str, bound: int | str | Callable, told: bool = True) -> Verdict:
    """The number found is within a limit: a number, the name of a limit, or a function of the limits. An attack that was ended
    before it told of any number is within it unless it must be `told`."""
    def verdict(seen: Seen):
        limit = within(seen, bound)
        if limit is None:
            return f"the product states no limit; {what}: {seen.of(what)[-1:]}"
        over = [found for found in seen.of(what) or ["nothing"] * told if not found.isdigit() or int(found) > limit]
        return f"{what}: {over}, allowed {limit}" if over else None
    return verdict


def measured(name: str, bound: int | str | Callable) -> Verdict:
    """What the runner measured meanwhile (memory, host_memory, stored, disk) is within a limit."""
    def verdict(seen: Seen):
        limit, got = within(seen, bound), getattr(seen, name)
        if limit is None:
            return f"the product states no limit; {name}: {got >> 20} MiB"
        return f"{name}: {got >> 20} MiB, allowed {limit >> 20} MiB" if got > limit else None
    verdict.measures = name
    return verdict


def within(seen: Seen, bound):
    return seen.limits.get(bound) if isinstance(bound, str) else bound(seen.limits) if callable(bound) else bound


def answered(seen: Seen):
    """It is enough that the server, the sandbox and the bystander are well: what is always checked."""
    return None


def died(*reasons: str) -> Verdict:
    """The process was ended, as the caller is told by the error or by the exit code."""
    def verdict(seen: Seen):
        told = f"{seen.error} exit code {seen.exit_code}"
        return None if any(reason in told for reason in reasons) else f"{told!r}, expected one of {list(reasons)}"
    return verdict
