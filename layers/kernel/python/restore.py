"""In a new kernel: makes the variables again from what the checkpoints of earlier ones have given out."""
import io
from pickle import Unpickler
from sys import modules

from . import hidden, patches, process_values, rebuild_libraries
from .atoms import Folder, reason_of
from .checkpoint import State, hash_of
from .reach import HIDDEN, Hooks, Record
from .reducers import BUILTINS, BY_NAME
from .rebuild import Live

class Load(Unpickler):
    """Finds the functions of `rebuild`, which user code cannot import, and the namespace."""

    def find_class(self, module, name):
        own = BY_NAME.get(module)
        return getattr(own, name) if own is not None else super().find_class(module, name)

    def persistent_load(self, key):
        return BUILTINS if key == "builtins" else Live.namespace


def load(namespace, groups):
    """Binds the names of the groups; {name: reason} of those that could not be restored."""
    lost, hidden_values = {}, {}
    Live.namespace, Live.registry, Live.folder = namespace, State.registry, Folder.path
    for number, names, kind, pickle, buffers in groups:
        State.last = max(State.last, number)
        before = set(State.registry.references)
        try:
            hashed = hash_of(pickle, buffers)
            _, _, _, values, summary = Load(io.BytesIO(pickle), buffers=buffers).load()
        except BaseException as error:
            lost.update(dict.fromkeys(names, reason_of(error, "restoring")))
            State.registry.keep(before)
            continue
        numbers = State.registry.references.keys() - before
        record = remember(number, kind, values, numbers, summary, hashed)
        record.size = len(pickle) + sum(map(len, buffers))
        namespace.update((name, value) for name, value in values.items() if not name.startswith(HIDDEN))
        hidden_values.update((name, value) for name, value in values.items() if name.startswith(HIDDEN))
    load_modules(namespace, *hidden_values.get(hidden.MODULES, ({}, [])), lost)
    if hidden.FIGURES in hidden_values:
        rebuild_libraries.show_figures(hidden_values[hidden.FIGURES])
    Hooks.seen |= patches.restore(hidden_values.get(hidden.PATCHES, {}))
    process_values.restore(hidden_values.get(hidden.SETTINGS, {}))
    Live.kept.clear()
    State.bound = {name: id(value) for name, value in namespace.items()}
    return lost


def remember(number, kind, values, numbers, summary, hashed):
    needs, summary = summary
    record = Record(frozenset(values), numbers, set(needs), summary)
    record.id, record.kind, record.hash, record.restored = number, kind, hashed, True
    record.keep(values)
    key = (kind == "modules", *sorted(values)) if values else (False, *sorted(numbers))
    State.number_of[key] = number
    State.records.append(record)
    return record


def load_modules(namespace, names, inner, lost):
    for name, module in names.items():
        try:
            if module not in modules:
                __import__(module)
            namespace[name] = modules[module]
        except BaseException as error:
            lost[name] = f"its module could not be imported again: {type(error).__name__}: {error}"
    hidden.Last.imports.update(inner)
    for module in inner:
        try:
            if module not in modules:
                __import__(module)
        except BaseException:
            pass  # code that uses it says so
