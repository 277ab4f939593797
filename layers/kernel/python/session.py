"""A sandbox's kernel: begins it, and runs one execution after the other."""
from itertools import islice
from os import WNOHANG, _exit, fspath, getpid, register_at_fork, waitpid
from sys import modules, path, path_importer_cache

from . import cells, figures, frames, interrupt, lost, streams, trace, world
from .output import Pipe, mark, note, write_all
from .zygote import prepare_zygote  # noqa: F401, called from outside like start() and run()

main = modules["__main__"]
namespace = main.__dict__


class Session:
    """This kernel."""
    files = ""
    calls = 0
    process = -1
    folders_of_zygote = 0


def start(*, files, temporary, output, variables, cwd, env, lost, calls_before):
    """Begins a sandbox; called once, in the forked and confined kernel."""
    Session.files, Session.calls, Session.process = fspath(files), calls_before, getpid()
    Session.folders_of_zygote = len(path_importer_cache)
    figures.Place.folder = Session.files
    Pipe.descriptor = output
    register_at_fork(after_in_child=forked)
    fresh_randomness()
    path.insert(0, "")
    streams.begin_call()
    variables = {name: fspath(value) for name, value in variables.items()}
    world.begin_environment(Session.files, fspath(temporary), variables, env)
    world.begin_directory(Session.files, cwd)
    world.prepare_builtins()
    reasons_of_lost.update(lost)
    interrupt.begin_call()


reasons_of_lost = lost.reasons


def forked():
    Pipe.forked = True


def fresh_randomness():
    """What the zygote has imported must not give every kernel the same numbers, nor the same temporary names."""
    # `random` seeds itself anew after a fork.
    numpy_random = modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    tempfile = modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = tempfile._name_sequence = None


def run(nonce, source, display, limit_ms):
    """Runs a cell; returns what the host is to know of it."""
    begin_call(nonce)
    filename = f"<cell {Session.calls}>"
    error, codes = run_cell(source.removeprefix("\ufeff"), filename, display)
    if getpid() != Session.process:
        leave_forked(error)
    cells.interruptible(figures.end_call, not interrupt.Limit.hit)
    world.suspend()
    return harvest(error, codes, limit_ms)


def begin_call(nonce):
    Session.calls += 1
    Pipe.nonce = bytes.fromhex(nonce)
    interrupt.begin_call()
    reap_children()
    streams.begin_call()
    modules["__main__"] = main
    namespace.update(__name__="__main__", __builtins__=world.builtins)
    namespace.pop("__warningregistry__", None)  # its line numbers are of other cells
    forget_folder_contents()
    mark(b"B")


def reap_children():
    """Takes leave of children that have ended: this process may be the init of its own process namespace."""
    try:
        while waitpid(-1, WNOHANG)[0]:
            pass
    except OSError:
        pass  # there is none


def forget_folder_contents():
    """Modules may have come between calls, sooner than a folder's time of change can tell."""
    # The newest entries only: looking at those of the zygote would copy the pages that they are on.
    new = len(path_importer_cache) - Session.folders_of_zygote
    for folder in list(islice(reversed(path_importer_cache), max(0, new))):
        finder = path_importer_cache[folder]
        if type(folder) is str and folder.startswith(Session.files) and hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


def run_cell(source, filename, display):
    """(the exception that ended it or None, the code objects that were run)."""
    trace.remember(filename, source)
    try:
        code, expression = cells.compile_cell(source, filename, display)
    except BaseException as error:
        return error, []
    world.resume()
    error = cells.interruptible(cells.run, code, expression, namespace)
    return error, [code] if expression is None else [code, expression]


def leave_forked(error):
    """Ends a process that the cell has forked and that has come to the cell's end as well."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if type(error.code) is int else int(error.code is not None)
    elif error is not None:
        write_all(2, "".join(line + "\n" for line in trace.lines_of(error)).encode())
        code = 1
    _exit(code & 0xFF)


def harvest(error, codes, limit_ms):
    interrupted = interrupt.Limit.hit
    if interrupted:
        error = interrupt.time_error(limit_ms).with_traceback(error.__traceback__ if error is not None else None)
    elif error is not None:
        lost.explain(error, namespace)
    result = {
        "failure": None if error is None or is_success(error) else trace.describe(error),
        "interrupted": interrupted,
        "dataframes": attempt(frames.report, [], namespace, codes),
        "names": attempt(world.names, [], namespace),
        "still_lost": attempt(lost.still_lost, [], namespace),
        "cwd": attempt(world.directory, "", Session.files),
        "env": attempt(world.environment, {}),
    }
    mark(b"E")
    return result


def is_success(error):
    if not isinstance(error, SystemExit):
        return False
    code = SystemExit.code.__get__(error)
    return code is None or (type(code) in (int, bool) and code == 0)


def attempt(function, otherwise, *arguments):
    """The function's result. What user code has left behind must not cost it the answer."""
    try:
        return function(*arguments)
    except BaseException as error:
        note(f"the kernel could not tell everything about this call: {type(error).__name__}")
        return otherwise
