"""In a new kernel: makes the variables again from what the checkpoints of earlier ones have given out."""
import io
from pickle import Unpickler
from sys import modules

from . import checkpoint, process_values, rebuild, rebuild_libraries
from .checkpoint import State, reason_of
from .rebuild import Live

OWN = {"_durable": rebuild, "_durable_libraries": rebuild_libraries}


class Load(Unpickler):
    """Finds the functions of `rebuild`, which user code cannot import, and the namespace."""

    def find_class(self, module, name):
        own = OWN.get(module)
        return getattr(own, name) if own is not None else super().find_class(module, name)

    def persistent_load(self, key):
        return Live.namespace


def load(namespace, groups):
    """Binds the names of the groups; {name: reason} of those that could not be restored."""
    lost = {}
    Live.namespace, Live.registry = namespace, State.registry
    Live.folder = checkpoint.Folder.path
    for number, names, kind, pickle, buffers in groups:
        State.last = max(State.last, number)
        try:
            key, hashed = key_of(names, kind), checkpoint.hash_of(pickle, buffers)
            if kind == "modules":
                load_modules(namespace, pickle, lost)
            else:
                numbers = load_group(namespace, names, pickle, buffers)
                if not names:
                    key = tuple(sorted(numbers)) or ("", "process")
        except BaseException as error:
            reason = reason_of(error)
            lost.update(dict.fromkeys(names, reason))
            continue
        State.number_of[key], State.hashes[key] = number, hashed
    return lost


def key_of(names, kind):
    return ("", "modules") if kind == "modules" else tuple(names)


def load_group(namespace, names, pickle, buffers):
    before = set(State.registry.objects)
    prelude, _, _, values = Load(io.BytesIO(pickle), buffers=buffers).load()
    if names:
        namespace.update(values)
    elif "" in values:
        process_values.restore(values[""])
    return State.registry.objects.keys() - before


def load_modules(namespace, pickle, lost):
    for name, module in Load(io.BytesIO(pickle)).load().items():
        try:
            namespace[name] = modules.get(module) or import_module(module)
        except BaseException as error:
            lost[name] = f"its module could not be imported again: {type(error).__name__}: {error}"


def import_module(name):
    from importlib import import_module
    return import_module(name)
