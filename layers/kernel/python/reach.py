"""Which groups a call may have changed: those that its code can reach by names. Data is not walked for this: what is remembered
of each group tells which names its code mentions and which definitions it needs."""
import sys
from _thread import _count
from sys import modules

from . import patches, touched

# With one of these, code can reach names that are not written in it.
FAR_REACHING = frozenset((
    "exec", "eval", "globals", "locals", "vars", "gc", "inspect", "modules", "__import__", "__main__", "__dict__",
    "__globals__", "f_globals", "f_locals", "_getframe", "currentframe", "ctypes", "runpy", "query", "get_ipython", "dir"))
# With one of these, code may leave something behind that later calls run without naming it.
LEAVING = frozenset((
    "atexit", "showwarning", "settrace", "setprofile", "finalize", "addaudithook", "register_at_fork", "create_task",
    "ensure_future", "call_soon", "call_later", "__del__", "seterrcall", "meta_path", "path_hooks", "callbacks",
    "mpl_connect", "setattr", "monitoring", "setLoggerClass", "setLogRecordFactory", "register_converter",
    "register_adapter", "set_trace_callback", "monkeypatch", "patch", *patches.ACCESSORS))
# With one of these, code may look for names that are in strings which it makes.
SEARCHING = frozenset(("sql", "duckdb"))


class Far(Exception):
    """Any object may have been changed."""


class Record:
    """What is remembered of a group since it was last pickled or restored."""

    def __init__(self, names, numbers, needs, summary):
        self.names, self.numbers, self.needs = names, numbers, needs
        self.words, self.is_far, self.is_leaving, self.always = summary
        self.lost, self.lost_definitions, self.kept = {}, {}, None
        self.id, self.kind, self.hash, self.size, self.restored = None, "data", None, 0, False
        self.loaded = True  # its values are in this kernel
        self.entry = None  # in the index
        self.shown = []  # the names in `kept` that are variables
        self.told = []  # the names that are told of, which may be those of modules

    def keep(self, names):
        self.kept = set(names)
        self.shown = sorted(name for name in names if not name.startswith(HIDDEN))

    def is_same(self, other):
        """Whether nothing is to be given out of the other that was not of this one."""
        return (self.hash, self.summary(), self.names, self.kept, self.numbers, self.needs, self.told, self.kind) == (
            other.hash, other.summary(), other.names, other.kept, other.numbers, other.needs, other.told, other.kind
        ) and not (self.lost or other.lost or self.lost_definitions or other.lost_definitions)

    def summary(self):
        return tuple(self.words), self.is_far, self.is_leaving, self.always


HIDDEN = "\0"  # first character of names that the checkpoint itself gives to what libraries refer to


class Hooks:
    """Whether code of this kernel may have left something behind in a library."""
    seen = False
    at_begin = ()


def begin():
    """Called in a new kernel."""
    Hooks.at_begin = hooks()


def hooks():
    """What the interpreter calls by itself."""
    found = [sys.excepthook, sys.displayhook, sys.unraisablehook]
    if "_signal" in modules:
        found += [handler for number in range(1, 32) if callable(handler := modules["_signal"].getsignal(number))]
    return found


def words_of(codes, namespace):
    """(the words in code objects, their inner functions and strings; whether they reach further; whether they may leave
    something behind)."""
    words, found = touched.words_of(codes)
    is_leaving = any(patches.places_of(code, namespace) for code in found)
    return words, not FAR_REACHING.isdisjoint(words), is_leaving or not LEAVING.isdisjoint(words)


def reached(codes, namespace, records, record_of_name):
    """The records that may have changed, as a set of ids; None when it may be any."""
    if Hooks.seen or is_threaded() or hooks() != Hooks.at_begin:
        return None
    words, is_far, Hooks.seen = words_of(codes, namespace)
    if is_far or Hooks.seen:
        return None
    try:
        return follow(words, records, record_of_name)
    except Far:
        return None


def is_threaded():
    """Whether other threads run, which may change anything at any time."""
    return _count() > 0


def follow(words, records, record_of_name):
    found = set()
    record_of_number = {number: record for record in records for number in record.numbers}
    waiting = [record for record in records if record.always]
    waiting += [record_of_name[word] for word in words if word in record_of_name]
    while waiting:
        record = waiting.pop()
        if id(record) in found:
            continue
        found.add(id(record))
        Hooks.seen = Hooks.seen or record.is_leaving
        if record.is_far or record.is_leaving:
            raise Far
        waiting += [record_of_name[word] for word in record.words if word in record_of_name]
        waiting += [record_of_number[number] for number in record.needs if number in record_of_number]
    return found
