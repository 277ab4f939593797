"""The data frames that top-level names are bound to, and which of them a call has changed."""
from sys import modules
from types import ModuleType
from weakref import ref

from . import fingerprint
from .touched import touched

CLASSES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
MAX_FRAMES = 1_000
MAX_NAME = 256  # bytes
SMALL = 100_000  # cells: of smaller frames every object's memory is counted

get_mro = type.__dict__["__mro__"].__get__
classes = {}  # library: its frame class, kept from when it was first seen
entries = {}  # id of a frame: its Entry
bound = {}  # name: its Entry at the end of the last call


class Entry:
    """What is known of one frame object."""

    def __init__(self, frame, library):
        self.library, self.changed = library, True
        try:
            self.frame = ref(frame)
        except TypeError:
            self.frame = lambda: frame
        self.by_column = library == "pandas" and not attempt(fingerprint.is_consolidated, frame)
        self.content = self.fingerprint(frame)
        self.facts = facts_of(frame, library)

    def fingerprint(self, frame):
        if self.library == "pandas":
            return attempt(fingerprint.of_pandas, frame, self.by_column)
        # An arrow table cannot be changed.
        return attempt(fingerprint.pickled, frame) if self.library == "polars" else None

    def look_again(self, frame):
        content = self.fingerprint(frame)
        self.changed = content != self.content
        if self.changed:
            self.content, self.facts = content, facts_of(frame, self.library)


def report(namespace, codes):
    """[(name, rows, columns, bytes, changed)] of the frames that top-level names are bound to."""
    global entries, bound
    see_libraries()
    library_of = LibraryOf()
    found = [(name, value, library) for name, value in list(namespace.items())  # threads may bind names meanwhile
             if (library := library_of[type(value)]) and is_short_name(name)][:MAX_FRAMES] if classes else []
    known = {id(frame): entry for _, frame, _ in found
             if (entry := entries.get(id(frame))) is not None and entry.frame() is frame}
    reached = touched(codes, namespace, library_of.__getitem__) if known else set()
    for entry in known.values():
        entry.changed = False
        if reached is None or id(entry.frame()) in reached:
            entry.look_again(entry.frame())
    for _, frame, library in found:
        if id(frame) not in known:
            known[id(frame)] = Entry(frame, library)
    before, entries = bound, known
    bound = {name: known[id(frame)] for name, frame, _ in found}
    return [(name, *entry.facts, entry.changed or before.get(name) is not entry) for name, entry in bound.items()]


def see_libraries():
    for library in CLASSES.keys() - classes.keys():
        module = modules.get(library)
        kind = module.__dict__.get(CLASSES[library]) if type(module) is ModuleType else None
        if isinstance(kind, type):
            classes[library] = kind


class LibraryOf(dict):
    """Class: the library whose frame it is, or None. An object's own word, `__class__`, is not asked for."""

    def __missing__(self, kind):
        bases = get_mro(kind)
        self[kind] = next((library for library, frame in classes.items() if frame in bases), None)
        return self[kind]


def is_short_name(name):
    return type(name) is str and len(name) <= MAX_NAME and len(name.encode("utf-8", "replace")) <= MAX_NAME


def facts_of(frame, library):
    """(rows, columns, bytes)."""
    return attempt(FACTS[library], frame) or (0, 0, 0)


def facts_of_pandas(frame):
    columns, rows = map(len, fingerprint.manager_of(frame).axes)
    usage = classes["pandas"].memory_usage
    size = attempt(lambda: int(usage(frame, deep=rows * columns <= SMALL).sum()))
    return rows, columns, size or 0


def facts_of_polars(frame):
    rows, columns = classes["polars"].shape.fget(frame)
    return rows, columns, int(classes["polars"].estimated_size(frame))


def facts_of_pyarrow(table):
    return table.num_rows, table.num_columns, attempt(lambda: table.nbytes) or 0


FACTS = {"pandas": facts_of_pandas, "polars": facts_of_polars, "pyarrow": facts_of_pyarrow}


def attempt(function, *arguments):
    """The function's result; None where it raises: frames may hold, or be, objects of hostile classes."""
    try:
        return function(*arguments)
    except BaseException:
        return None
