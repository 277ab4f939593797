"""Which groups a call may have changed: those that its code can reach by names. Data is not walked for this: what is remembered
of each group tells which names its code mentions and which definitions it needs."""
import dis
import re
import threading
from sys import modules
from types import CodeType, ModuleType

WORD = re.compile(r"[^\W\d]\w*")
# With one of these, code can reach names that are not written in it.
FAR_REACHING = frozenset((
    "exec", "eval", "globals", "locals", "vars", "gc", "inspect", "modules", "__import__", "__main__", "__dict__",
    "__globals__", "f_globals", "f_locals", "_getframe", "currentframe", "ctypes", "runpy", "query", "get_ipython", "dir"))
# With one of these, code may leave something behind that later calls run without naming it.
HOOKS = frozenset((
    "signal", "atexit", "excepthook", "displayhook", "unraisablehook", "showwarning", "settrace", "setprofile", "finalize",
    "addaudithook", "register_at_fork", "create_task", "ensure_future", "call_soon", "call_later", "__del__", "seterrcall",
    "meta_path", "path_hooks", "callbacks", "connect", "mpl_connect", "setattr", "monitoring", "setLoggerClass",
    "setLogRecordFactory", "register_converter", "register_adapter", "set_trace_callback", "monkeypatch", "patch"))


class Far(Exception):
    """Any object may have been changed."""


class Record:
    """What is remembered of a group since it was last pickled or restored."""

    def __init__(self, names, numbers, words, far, always):
        self.names, self.numbers, self.words, self.far, self.always = names, numbers, words, far, always
        self.needs, self.lost, self.lost_definitions, self.kept = set(), {}, {}, None
        self.id, self.kind, self.hash, self.size, self.restored = None, "data", None, 0, False
        self.shown = []  # the names in `kept` that are variables

    def keep(self, names):
        self.kept = set(names)
        self.shown = sorted(name for name in names if not name.startswith(HIDDEN))


HIDDEN = "\0"  # first character of names that the checkpoint itself gives to what libraries refer to


class Hooks:
    """Whether code of this kernel may have left something behind in a library."""
    seen = False


def words_of(codes):
    """(the words in code objects, their inner functions and strings; whether they reach further)."""
    words, waiting = set(), list(codes)
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is CodeType:
            words.update(one.co_names)
            waiting += one.co_consts
        elif kind is tuple or kind is frozenset:
            waiting += one
        elif kind is str:
            words.update(WORD.findall(one))
    return words, not FAR_REACHING.isdisjoint(words) or not HOOKS.isdisjoint(words)


def patches_module(code, namespace):
    """Whether the code assigns to an attribute of a module."""
    module = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_ATTR"):
            if instruction.opname != "LOAD_ATTR":
                module = type(namespace.get(instruction.argval)) is ModuleType
        elif instruction.opname == "STORE_ATTR":
            if module:
                return True
        elif instruction.opname not in ("PUSH_NULL", "CACHE", "EXTENDED_ARG"):
            module = None
    return any(patches_module(one, namespace) for one in code.co_consts if type(one) is CodeType)


def reached(codes, namespace, records, record_of_name):
    """The records that may have changed, as a set of ids; None when it may be any."""
    if codes is None or Hooks.seen or is_threaded():
        return None
    try:
        words, far = words_of(codes)
        if not HOOKS.isdisjoint(words) or any(patches_module(code, namespace) for code in codes):
            Hooks.seen = True
        if far or Hooks.seen:
            raise Far
        return follow(words, records, record_of_name)
    except Far:
        return None


def is_threaded():
    return len(threading._active) > 1 if "threading" in modules else False


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
        if record.far:
            raise Far
        waiting += [record_of_name[word] for word in record.words if word in record_of_name]
        waiting += [record_of_number[number] for number in record.needs if number in record_of_number]
    return found
