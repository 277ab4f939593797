"""The data frames that top-level names are bound to, and which of them the last call has changed."""
from sys import modules
from types import ModuleType
from weakref import ref

from . import fingerprint
from .native import limits
from .touched import touched

CLASSES = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "Table"}
SMALL = 100_000  # values: in smaller frames the memory of each object is counted

get_mro = type.__dict__["__mro__"].__get__
classes = {}  # library: its frame class, from when it was first imported
entries = {}  # id of a frame: its Entry
bound = {}  # name: its Entry at the end of the last call


class Entry:
    """What is known about one frame object."""

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
        # An Arrow table is immutable.
        return attempt(fingerprint.pickled, frame) if self.library == "polars" else None

    def update(self, frame):
        content = self.fingerprint(frame)
        self.changed = content != self.content
        if self.changed:
            self.content, self.facts = content, facts_of(frame, self.library)


def report(namespace, codes):
    """[(name, rows, columns, bytes, changed)] of the frames that top-level names are bound to."""
    global entries, bound
    find_classes()
    library_of = LibraryOf()
    found = [(name, value, library) for name, value in list(namespace.items())  # a copy: threads may bind names meanwhile
             if (library := library_of[type(value)]) and is_short_name(name)][:limits.MAX_DATAFRAMES] if classes else []
    known = {id(frame): entry for _, frame, _ in found
             if (entry := entries.get(id(frame))) is not None and entry.frame() is frame}
    reached = touched(codes, namespace, library_of.__getitem__) if known else set()
    for entry in known.values():
        entry.changed = False
        if reached is None or id(entry.frame()) in reached:
            entry.update(entry.frame())
    for _, frame, library in found:
        if id(frame) not in known:
            known[id(frame)] = Entry(frame, library)
    before, entries = bound, known
    bound = {name: known[id(frame)] for name, frame, _ in found}
    return [(name, *entry.facts, entry.changed or before.get(name) is not entry) for name, entry in bound.items()]


def find_classes():
    for library in CLASSES.keys() - classes.keys():
        module = modules.get(library)
        kind = module.__dict__.get(CLASSES[library]) if type(module) is ModuleType else None
        if isinstance(kind, type):
            classes[library] = kind


class LibraryOf(dict):
    """Class: the library whose frame class it is, or None. `__class__` is not used: objects may lie with it."""

    def __missing__(self, kind):
        bases = get_mro(kind)
        self[kind] = next((library for library, frame in classes.items() if frame in bases), None)
        return self[kind]


def is_short_name(name):
    longest = limits.MAX_NAME_BYTES
    return type(name) is str and len(name) <= longest and len(name.encode("utf-8", "replace")) <= longest


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
    """The function's result, or None if it raises: frames may contain, or be, objects of hostile classes."""
    try:
        return function(*arguments)
    except BaseException:
        return None
