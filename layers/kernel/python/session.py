"""A kernel: starts it, and runs one execution after another."""
from itertools import islice
from os import WNOHANG, _exit, fspath, getpid, register_at_fork, waitpid
from sys import getrecursionlimit, modules, path, path_importer_cache

from . import (
    checkpoint, exchange_file, execution, figures, frames, given_out, helpers, interrupt, late, lost_names, output, process_state,
    quiet, restore, sources, streams, tracebacks, unloaded,
)
from .output import Pipe, note, write_all
from .zygote import forget_machine, fresh_randomness, import_module, prepare_zygote, tidy  # noqa: F401, partly called from outside

quiet.Limit.quiet.append(globals())

main = modules["__main__"]
namespace = main.__dict__


class Session:
    """This kernel."""
    files = ""
    calls = 0
    process = -1
    folders_of_zygote = 0


def audit():
    """Called in a zygote: all its kernels check the analysis that says which variables a call may change."""
    checkpoint.Audit.on = True


def start(*, files, temporary, output, exchange, variables, cwd, env, lost, calls_before):
    """Starts the kernel. Called once, in the forked and confined process."""
    Session.files, Session.calls, Session.process = fspath(files), calls_before, getpid()
    Session.folders_of_zygote = len(path_importer_cache)
    figures.Target.folder = Session.files
    Pipe.descriptor = output
    exchange_file.Exchange.descriptor = exchange
    register_at_fork(after_in_child=forked)
    fresh_randomness()
    forget_machine()
    path.insert(0, "")
    streams.begin_call()
    variables = {name: fspath(value) for name, value in variables.items()}
    process_state.begin_environment(Session.files, fspath(temporary), variables, env)
    process_state.begin_directory(Session.files, cwd)
    process_state.prepare_builtins()
    lost_names.reasons.update(lost)
    interrupt.begin_call()
    checkpoint.begin(Session.files)  # after the handlers of signals are there: others are the sandbox's own


def forked():
    Pipe.forked = True


class Call:
    """The call that runs, or ran last."""
    limit_ms = 0
    everything = False
    spoiled = False  # restoring was broken off: the kernel is of no more use
    error = None
    compiled = None
    codes = []
    not_restored = {}
    missed = False


def begin(nonce, source, display, limit_ms, exchange, stored, everything):
    """Begins a call. `exchange` is a new exchange file or None; `stored` is what is stored, in a kernel's first call, else None;
    `everything`, whether the call needs all of that, whatever its code shows.
    True when something is stored that is not in this kernel."""
    if Call.spoiled:
        _exit(1)  # the code has not begun, so that the host starts another kernel for it
    begin_call(nonce)
    interrupt.set_limit(limit_ms)
    if exchange is not None:
        exchange_file.Exchange.descriptor = exchange
    if stored is not None:
        unloaded.begin(stored)
    Call.limit_ms, Call.everything, Call.not_restored, Call.missed = limit_ms, everything, {}, False
    Call.error, Call.compiled, Call.codes = compiled(source.removeprefix("\ufeff"), f"<cell {Session.calls}>", display)
    return bool(stored is not None or unloaded.Unloaded.records)


def restore_variables(fetch):
    """Restores what the code needs, as `restore.before_call` says. False when it could not: nothing has run."""
    restored = restore.before_call(namespace, Call.codes, Call.everything, fetch, execution.interruptible)
    if restored is None:
        Session.calls -= 1
        return False
    lost, complete = restored
    if not complete:
        Call.spoiled, Call.compiled, Call.codes = True, None, []
        Call.error = TimeoutError("restoring the variables took too long, so that the code has not run. Try again: what hung is given up now")
    tell_lost(lost)
    process_state.Suspended.recursion_limit = max(process_state.Suspended.recursion_limit, getrecursionlimit())
    attempt(frames.report, [], namespace, [])  # those that were restored are not new
    return True


def tell_lost(lost):
    Call.not_restored.update(lost)
    lost_names.reasons.update(lost)
    lost.clear()


def run():
    """Runs the code of the call."""
    if Call.compiled is not None:
        process_state.resume()
        interrupt.begin_code()
        Call.error = execution.interruptible(execution.run, *Call.compiled, namespace)
        interrupt.Limit.of_code = False
    if getpid() != Session.process:
        leave_forked(Call.error)
    execution.interruptible(figures.end_call, not interrupt.Limit.hit)
    execution.interruptible(helpers.end)
    process_state.suspend()
    Call.missed = not Call.spoiled and unloaded.was_missed(Call.error, namespace)


def finish():
    """Stores the variables; returns the fields of the protocol's `Done`."""
    result = result_of(Call.error, Call.codes, Call.limit_ms)
    # The host interrupts this as it interrupts code.
    interrupt.begin_call()
    stored = []
    if Call.spoiled:
        stored.append(given(given_out.as_stored()))
    elif not Call.missed:
        execution.interruptible(store, Call.codes, stored)
    if not stored:
        stored.append(given(given_out.nothing(namespace, late.TOO_LONG)))
    result["variables"] = stored[0]
    tell_lost(unloaded.Unloaded.dropped)
    result["not_restored"] = Call.not_restored
    result["still_lost"] = attempt(lost_names.still_lost, [], namespace)
    result["names"] = attempt(process_state.names, [], namespace)
    result["not_loaded"] = sorted(given_out.names().difference(result["names"]) if Call.spoiled else unloaded.names())
    output.end_call()
    return result


def store(codes, stored):
    taken = checkpoint.take(namespace, codes)
    if checkpoint.Audit.missed:
        note(f"audit: changed by code that does not reach it: {', '.join(checkpoint.Audit.missed)}")
    stored.append(None if taken is None else given(taken))


def given(taken):
    *told, again = exchange_file.write(taken)
    given_out.give_again(again)
    given_out.State.unstorable = told[1]
    return tuple(told)


def begin_call(nonce):
    Session.calls += 1
    interrupt.begin_call()
    helpers.end_trackers()
    reap_children()
    streams.begin_call()
    modules["__main__"] = main
    namespace.update(__name__="__main__", __builtins__=process_state.builtins)
    namespace.pop("__warningregistry__", None)  # its line numbers belong to earlier code
    forget_folder_contents()
    output.begin_call(nonce)


def reap_children():
    """Reaps children that have ended, which would count against the limit on processes."""
    try:
        while waitpid(-1, WNOHANG)[0]:
            pass
    except OSError:
        pass  # there are no children


def forget_folder_contents():
    """Clears the import system's caches of folders: files may be newer than a folder's modification time shows."""
    # The newest entries only: reading those of the zygote would copy the memory pages that they are on.
    new = len(path_importer_cache) - Session.folders_of_zygote
    for folder in list(islice(reversed(path_importer_cache), max(0, new))):
        finder = path_importer_cache[folder]
        if type(folder) is str and folder.startswith(Session.files) and hasattr(finder, "invalidate_caches"):
            finder.invalidate_caches()


def compiled(source, filename, display):
    """(the compiler's exception or None, what `execution.run` takes or None, the code objects)."""
    sources.remember(filename, source)
    try:
        code, expression = execution.compile_code(source, filename, display)
    except BaseException as error:
        return tracebacks.of_compiler(error, filename, source), None, []
    return None, (code, expression), [code] if expression is None else [code, expression]


def leave_forked(error):
    """Ends a process that user code has forked and that has run to the end of the code."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if type(error.code) is int else int(error.code is not None)
    elif error is not None:
        write_all(2, "".join(line + "\n" for line in tracebacks.lines_of(error)).encode())
        code = 1
    _exit(code & 0xFF)


def result_of(error, codes, limit_ms):
    interrupted = interrupt.Limit.hit and not Call.spoiled
    if interrupted:
        error = interrupt.time_error(limit_ms).with_traceback(error.__traceback__ if error is not None else None)
    elif error is not None:
        lost_names.explain(error, namespace)
    result = {
        "failure": None if error is None or is_success(error) else tracebacks.describe(error),
        "interrupted": interrupted,
        "dataframes": attempt(frames.report, [], namespace, codes),
        "missed": Call.missed,
        "cwd": attempt(process_state.directory, "", Session.files),
        "env": attempt(process_state.environment, {}),
    }
    return result


def is_success(error):
    if not isinstance(error, SystemExit):
        return False
    code = SystemExit.code.__get__(error)
    return code is None or (type(code) in (int, bool) and code == 0)


def attempt(function, otherwise, *arguments):
    """The function's result, or `otherwise` if it raises: user code may have broken what the function needs."""
    try:
        return function(*arguments)
    except BaseException as error:
        note(f"the kernel could not report the whole state after this call: {type(error).__name__}")
        return otherwise
