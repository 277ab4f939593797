"""The state of a sandbox besides its variables: builtins, environment, working directory, interpreter settings."""
import builtins
import sys
from _sitebuiltins import Quitter, _Helper
from os import O_RDWR, O_TMPFILE, chdir, close, environ, getcwd, mkdir, open as open_file, symlink
from sys import getrecursionlimit, modules, setrecursionlimit

from . import output
from .lost_names import variables
from .native import limits
from .text import Room, clean

missing = object()
builtin_names = vars(builtins)
standard = {}  # the builtins when a sandbox begins
core_modules = dict(modules)  # modules that functions of the standard library import when the kernel calls them
base_environment = {}


class Exit(Quitter):
    """`exit` and `quit`. Unlike the originals they do not close stdin, which the next call needs."""

    def __call__(self, code=None):
        raise SystemExit(code)


def prepare_builtins():
    builtins.print = output.print
    builtins.exit, builtins.quit, builtins.help = Exit("exit", "Ctrl-D"), Exit("quit", "Ctrl-D"), _Helper()
    standard.update(builtin_names)


class Suspended:
    """Changes by user code that are undone between its calls, so that they do not affect the kernel."""
    changed_builtins = {}
    recursion_limit = getrecursionlimit()


def suspend():
    """After user code: restores the interpreter for the kernel."""
    # The check first: reading a module counts a reference, which copies a memory page that is shared with the zygote.
    if not core_modules.keys() <= modules.keys():
        modules.update({name: module for name, module in core_modules.items() if name not in modules})
    Suspended.recursion_limit = getrecursionlimit()
    setrecursionlimit(max(1000, Suspended.recursion_limit))
    Suspended.changed_builtins = {name: builtin_names.get(name, missing) for name, value in standard.items()
                                  if builtin_names.get(name, missing) is not value}
    builtin_names.update(standard)


def resume():
    """Before user code: restores its changes to the interpreter."""
    for name, value in Suspended.changed_builtins.items():
        if value is missing:
            del builtin_names[name]
        else:
            builtin_names[name] = value
    setrecursionlimit(Suspended.recursion_limit)


def begin_environment(files, temporary, variables, changes):
    """Sets the environment of a new kernel, and on top of it the changes of the sandbox."""
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
        **({} if has_semaphores() else WITHOUT_SEMAPHORES),
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
            output.note(f"the environment variable {name!r} could not be set")
    if changes.get("PATH") is not None:
        environ["PATH"] = f"{link_folder(temporary)}:{environ['PATH']}"


def link_python(temporary):
    """Makes a folder in which this Python is called `python` and `python3`, for PATH."""
    folder = link_folder(temporary)
    try:
        mkdir(folder)
        for name in "python", "python3":
            symlink(sys.executable, f"{folder}/{name}")
    except OSError:
        pass  # it exists, from the kernel of this folder; or user code has made something else there
    return folder


def link_folder(temporary):
    return f"{temporary}/.bin"


# Otherwise numeric libraries start a thread per processor in each kernel.
SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
# On Lambda. Otherwise joblib, and with it scikit-learn, prints a warning when it is imported.
WITHOUT_SEMAPHORES = {"JOBLIB_MULTIPROCESSING": "0"}


def has_semaphores():
    """True where a file can be made in the folder of semaphores, which Landlock may forbid though its mode does not."""
    try:
        close(open_file("/dev/shm", O_RDWR | O_TMPFILE, 0o600))
        return True
    except OSError:
        return False


def environment():
    """{name: value, or None if removed} of the variables that differ from a new kernel's, up to the limit."""
    now, changes, size = dict(environ), {}, 0
    if now == base_environment:
        return changes
    for name in sorted(now.keys() | base_environment.keys()):
        value = now.get(name)
        if value != base_environment.get(name) and name.isprintable():
            if name == "PATH" and value is not None:
                # This kernel's own folder is left out: the next kernel has another.
                value = ":".join(part for part in value.split(":") if part != link_folder(base_environment["TMPDIR"]))
            name, value = clean(name), value if value is None else clean(value)
            length = len(name.encode()) + len((value or "").encode())
            if size + length <= limits.MAX_ENV_BYTES:
                size += length
                changes[name] = value
    return changes


def begin_directory(files, wanted):
    """Changes to the sandbox's last directory, or to its files if that no longer exists."""
    chdir(files)
    if wanted:
        try:
            chdir(wanted)
        except OSError:
            pass


def directory(files):
    """The working directory: relative to the sandbox's files if it is among them, otherwise absolute."""
    try:
        current = clean(getcwd())
    except OSError:
        return ""
    if current == files:
        return ""
    return current[len(files) + 1:] if current.startswith(files + "/") else current


def names(namespace):
    """The top-level names that user code has bound, up to the limits."""
    found = [name for name in variables(namespace) if len(name) <= limits.MAX_NAME_BYTES]
    kept, room = [], Room(limits.MAX_NAMES, limits.MAX_NAMES_JSON_BYTES)
    for name in map(clean, found[:limits.MAX_NAMES]):
        if not room.take([name]):
            break
        if len(name.encode()) <= limits.MAX_NAME_BYTES:
            kept.append(name)
    return kept
