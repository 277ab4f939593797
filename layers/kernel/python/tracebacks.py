"""Exceptions as text: `repr` of the exception, and a traceback without the kernel's own frames."""
import os
from traceback import TracebackException

from . import sources
from .native import limits
from .text import clean, cut_lines, cut_middle

OWN_FILES = "<kernel "
MAX_FRAMES = 1_000  # at each end of a traceback: after deep recursion there are millions, which take a minute to format
MAX_CHAIN = 100  # causes and contexts whose tracebacks are shortened

# The folder of the event loop: its frames are between the kernel and code that awaits at the top level.
asyncio_folder = os.path.join(os.path.dirname(os.__file__), "asyncio", "")


def of_compiler(error, filename, source):
    """Prepares an exception of compile() for its traceback: removes the frames, which are the kernel's, and adds the line of
    source that it is about. CPython (3.11 to 3.13) sets that line for errors of its parser. For later ones, such as 'return'
    outside function, it reads the line from a file of that name, and there is none."""
    if isinstance(error, SyntaxError) and error.text is None and error.filename == filename:
        lines = source.splitlines(True)
        if error.lineno and error.lineno <= len(lines):
            error.text = lines[error.lineno - 1]
    return error.with_traceback(None)


def describe(error):
    """(repr of the exception, lines of its traceback)."""
    return text_of(error), lines_of(error)


def text_of(error):
    name = type.__getattribute__(type(error), "__name__")
    try:
        return cut_middle(repr(error), limits.MAX_ERROR_BYTES)
    except BaseException as raised:
        return clean(f"{name}(<repr raised {type.__getattribute__(type(raised), '__name__')}>)")


def lines_of(error):
    try:
        sources.show_all()
        shorten(error)
        # If all frames are the kernel's, none are passed on: the traceback would have a header and no frames.
        frames = error.__traceback__ if has_foreign_frame(error.__traceback__) else None
        formatted = TracebackException(type(error), error, frames, compact=True)
        remove_own_frames(formatted)
        lines = "".join(formatted.format()).rstrip("\n").split("\n")
    except BaseException:
        # User code has broken a module that formatting needs, or the exception raises when it is formatted.
        lines = [text_of(error)]
    return cut_lines(lines, limits.MAX_TRACEBACK_BYTES, limits.MAX_TRACEBACK_LINE_BYTES)


def shorten(error):
    """Removes the middle frames from long tracebacks of an exception and of its causes and contexts."""
    for _ in range(MAX_CHAIN):
        if error is None:
            return
        frames, one = [], error.__traceback__
        while one is not None:
            frames.append(one)
            one = one.tb_next
        if len(frames) > 2 * MAX_FRAMES:
            frames[MAX_FRAMES - 1].tb_next = frames[-MAX_FRAMES]
        error = error.__context__ if error.__cause__ is None else error.__cause__


def is_own(filename):
    return filename.startswith(OWN_FILES)


def has_foreign_frame(frames):
    while frames is not None:
        if not is_own(frames.tb_frame.f_code.co_filename):
            return True
        frames = frames.tb_next
    return False


def remove_own_frames(formatted):
    """Removes the kernel's frames from an exception, its causes, contexts and members."""
    waiting, seen = [formatted], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        frames = list(one.stack)
        if frames and is_own(frames[0].filename):
            while frames and (is_own(frames[0].filename) or frames[0].filename.startswith(asyncio_folder)):
                del frames[0]
        one.stack[:] = [frame for frame in frames if not is_own(frame.filename)]
        waiting += [one.__cause__, one.__context__, *(one.exceptions or ())]
