"""What a sandbox has beside its variables: builtins, environment, working directory, interpreter settings."""
import builtins
import sys
from _sitebuiltins import Quitter, _Helper
from os import chdir, environ, getcwd, mkdir, symlink
from sys import getrecursionlimit, modules, setrecursionlimit

from . import output
from .text import clean

MAX_ENVIRONMENT = 64 << 10  # bytes
MAX_NAMES = 10_000
MAX_NAMES_LENGTH = 1 << 20  # bytes of JSON, so that a frame stays below what the host reads
MAX_NAME = 256  # bytes

missing = object()
builtin_names = vars(builtins)
standard = {}  # what the builtins are when a sandbox begins
core_modules = dict(modules)  # what the standard library's functions that the kernel uses import as they run
base_environment = {}


class Exit(Quitter):
    """`exit` and `quit`, which leave stdin open for the next call."""

    def __call__(self, code=None):
        raise SystemExit(code)


def prepare_builtins():
    builtins.print = output.print
    builtins.exit, builtins.quit, builtins.help = Exit("exit", "Ctrl-D"), Exit("quit", "Ctrl-D"), _Helper()
    standard.update(builtin_names)


class Suspended:
    """Settings of user code that are out of force between its calls, so that they do not meet the kernel's work."""
    changed_builtins = {}
    recursion_limit = getrecursionlimit()


def suspend():
    """After user code: the interpreter as the kernel needs it."""
    # Only looked at where something is gone: counting a reference copies the page that it is on from the zygote.
    if not core_modules.keys() <= modules.keys():
        modules.update({name: module for name, module in core_modules.items() if name not in modules})
    Suspended.recursion_limit = getrecursionlimit()
    setrecursionlimit(max(1000, Suspended.recursion_limit))
    Suspended.changed_builtins = {name: builtin_names.get(name, missing) for name, value in standard.items()
                                  if builtin_names.get(name, missing) is not value}
    builtin_names.update(standard)


def resume():
    """Before user code: the interpreter as it left it."""
    for name, value in Suspended.changed_builtins.items():
        if value is missing:
            del builtin_names[name]
        else:
            builtin_names[name] = value
    setrecursionlimit(Suspended.recursion_limit)


def begin_environment(files, temporary, variables, changes):
    """The environment of a new kernel, and on it what the sandbox had changed."""
    environ.clear()
    environ.update({
        "HOME": files,
        "LANG": "C.UTF-8",
        "PATH": f"{link_python(temporary)}:/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": temporary,
        "XDG_CACHE_HOME": f"{temporary}/.cache",
        "XDG_CONFIG_HOME": f"{temporary}/.config",
        "MPLCONFIGDIR": f"{temporary}/.config/matplotlib",
        "PYTHONDONTWRITEBYTECODE": "1",
        **SINGLE_THREADED,
        **variables,
    })
    base_environment.update(environ)
    for name, value in changes.items():
        try:
            if value is None:
                environ.pop(name, None)
            else:
                environ[name] = value
        except (ValueError, OSError):
            output.note(f"the variable {name!r} of the environment could not be set")
    if changes.get("PATH") is not None:
        environ["PATH"] = f"{link_folder(temporary)}:{environ['PATH']}"


def link_python(temporary):
    """A folder in which this Python is called `python` and `python3`, as commands know it."""
    folder = link_folder(temporary)
    try:
        mkdir(folder)
        for name in "python", "python3":
            symlink(sys.executable, f"{folder}/{name}")
    except OSError:
        pass  # it is there, of the kernel whose folder this is; or code has spoilt the place for it
    return folder


def link_folder(temporary):
    return f"{temporary}/.bin"


# Numeric libraries start a thread per processor otherwise, in each of many kernels.
SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


def environment():
    """{name: value, or None where it was removed} of what differs from a new kernel's, as far as 64 KiB go."""
    now, changes, size = dict(environ), {}, 0
    if now == base_environment:
        return changes
    for name in sorted(now.keys() | base_environment.keys()):
        value = now.get(name)
        if value != base_environment.get(name) and name.isprintable():
            if name == "PATH" and value is not None:
                # The folder is this kernel's; another one has its own.
                value = ":".join(part for part in value.split(":") if part != link_folder(base_environment["TMPDIR"]))
            name, value = clean(name), value if value is None else clean(value)
            length = len(name.encode()) + len((value or "").encode())
            if size + length <= MAX_ENVIRONMENT:
                size += length
                changes[name] = value
    return changes


def begin_directory(files, wanted):
    """Goes where the sandbox was, or stays in its files where that is gone."""
    chdir(files)
    if wanted:
        try:
            chdir(wanted)
        except OSError:
            pass


def directory(files):
    """The working directory, relative to the files where it is among them."""
    try:
        current = clean(getcwd())
    except OSError:
        return ""
    if current == files:
        return ""
    return current[len(files) + 1:] if current.startswith(files + "/") else current


def names(namespace):
    """The top-level names that user code has bound, without modules."""
    module = type(sys)
    found = [name for name, value in list(namespace.items())  # threads may bind names meanwhile
             if type(name) is str and len(name) <= MAX_NAME and type(value) is not module
             and not (name.startswith("__") and name.endswith("__"))]
    kept, room = [], MAX_NAMES_LENGTH
    for name in map(clean, found[:MAX_NAMES]):
        length = len(name.encode())
        # JSON writes a control character as six bytes.
        room -= length if name.isidentifier() else 6 * length
        if room < 0:
            break
        if length <= MAX_NAME:
            kept.append(name)
    return kept
