"""The sets of packages: what requirements.in asks for, and what requirements.lock pins for it.

    lock.py digest    prints what stands for the requirements in the first lines of a lock; `make lock` writes it there
    lock.py check     fails when the lock was written for other requirements
"""
import hashlib
import re
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ASKED, LOCKED = HERE / "requirements.in", HERE / "requirements.lock"
# What a layer or an image can have: no packages, those that fit beside a function, all.
PROFILES = ("core", "full", "minimal")
# Packages for other systems: uv locks them too, pip leaves them out.
ELSEWHERE = re.compile(r"(sys_platform|platform_system|os_name) == '(win32|darwin|cygwin|Windows|Darwin|nt)'")


class LockError(SystemExit):
    """requirements.in or requirements.lock cannot be used; the message says what to do."""


class Pin(NamedTuple):
    """One entry of the lock. A package has several when its version depends on the Python."""
    name: str
    version: str
    marker: str
    lines: str  # for pip
    needed_by: frozenset  # names of packages, and "-r requirements.in" for what is asked for


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def asked(text):
    """{name: its set} of requirements.in."""
    found, current = {}, None
    for line in text.splitlines():
        if heading := re.match(r"# \[(\w+)\]", line):
            current = heading[1]
        elif line.strip() and not line.startswith("#"):
            name = re.match(r"[A-Za-z0-9][\w.-]*", line)
            if current not in ("core", "full") or name is None:
                raise LockError(f"requirements.in: {line!r} is not a package below `# [core]` or `# [full]`")
            found[normal(name[0])] = current
    return found


def digest(text):
    """Stands for the requirements in a text, whatever their order, their set and the comments."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return hashlib.sha256("\n".join(sorted(filter(None, lines))).encode()).hexdigest()[:16]


def pins(lock):
    """The entries of a lock, without those for other systems."""
    entry = r"^([A-Za-z0-9][\w.-]*)(?:\[.*?\])?==([^\s;]+)(?: ; ([^\n]*?))? \\\n((?:[ \t]+--hash[^\n]*\n)+)((?:[ \t]+#[^\n]*\n)*)"
    for match in re.finditer(entry, lock, re.MULTILINE):
        name, version, marker, _, comments = match.groups()
        lines = match[0].removesuffix(comments)
        names = re.findall(r"#(?: via)? +(-r \S+|[A-Za-z0-9][\w.-]*)", re.sub(r"# via *\n", "", comments))
        if not ELSEWHERE.search(marker or ""):
            yield Pin(normal(name), version, marker or "", lines, frozenset(names))


def profile_pins(asked_text, lock, profile):
    """The entries of a lock that a profile has: the packages of its set, and all that they need."""
    if digest(asked_text) not in lock.split("==", 1)[0]:
        raise LockError("requirements.in has changed since requirements.lock was written: run `make lock`")
    if profile == "minimal":
        return []
    all_pins, sets = list(pins(lock)), asked(asked_text)
    wanted = {name for name, its_set in sets.items() if profile == "full" or its_set == "core"}
    while more := {pin.name for pin in all_pins if pin.needed_by & wanted} - wanted:
        wanted |= more
    if missing := wanted - {pin.name for pin in all_pins}:
        raise LockError(f"requirements.lock lacks {', '.join(sorted(missing))}: run `make lock`")
    return [pin for pin in all_pins if pin.name in wanted]


def read(profile):
    """The entries of this project's lock for a profile."""
    return profile_pins(ASKED.read_text(), LOCKED.read_text(), profile)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["digest"]:
            print(digest(ASKED.read_text()))
        case ["check"]:
            read("full")
        case _:
            raise SystemExit(__doc__)
