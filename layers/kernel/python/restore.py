"""In a new kernel: makes the variables again from what the checkpoints of earlier ones have given out."""
import io
from os import close
from pickle import Unpickler
from sys import modules

from . import hidden, patches, process_values, rebuild_libraries, unloaded
from .atoms import Folder, reason_of
from .given_out import State, hash_of
from .interrupt import Limit
from .reach import HIDDEN, Hooks
from .rebuild import Live
from .reducers import BUILTINS, BY_NAME
from .stored_bytes import read
from .unloaded import UNKNOWN, Unloaded

# What is said of a value that stays stored.
NO_TIME = "there was no time to restore its value, which stays stored; a later call with a longer timeout_s can use it"
GIVEN_UP = "there was no time to restore it, and another value was bound to a name of its group"


class Load(Unpickler):
    """Finds the functions of `rebuild`, which user code cannot import, and the namespace."""

    def find_class(self, module, name):
        own = BY_NAME.get(module)
        return getattr(own, name) if own is not None else super().find_class(module, name)

    def persistent_load(self, key):
        return BUILTINS if key == "builtins" else Live.namespace


def before_call(namespace, codes, fetch, guard):
    """Loads the groups that the code may need, and others whose bytes are here. `fetch` takes numbers of groups and returns their
    places, or None; `guard` calls a function that the host can interrupt, and returns its exception.
    {name: reason} of what could not be restored; None when the bytes could not be fetched."""
    unloaded.begin_call()
    try:
        wanted = unloaded.needed(codes, namespace)
        absent = sorted(wanted - Unloaded.places.keys())
        fetched = fetch(absent) if absent else {}
        if fetched is None:
            return None
        Unloaded.places.update(fetched)
        Unloaded.descriptors.update(place[0] for place in fetched.values())
        return load(namespace, wanted, guard)
    finally:
        for descriptor in Unloaded.descriptors:
            close(descriptor)
        Unloaded.descriptors, Unloaded.places = set(), {}
        unloaded.notice()


def load(namespace, wanted, guard):
    Live.namespace, Live.registry, Live.folder = namespace, State.registry, Folder.path
    lost, hidden_values, chosen = {}, {}, wanted | unloaded.at_hand()
    for record in [record for number, record in Unloaded.records.items() if number in chosen]:
        if record.id not in chosen or unloaded.needs_late(record):
            continue
        error = guard(load_group, namespace, record, hidden_values)
        if Limit.hit:
            Limit.hit = False
            chosen = wanted  # there is no time for what the call does not need
            if not record.loaded:
                Unloaded.late.add(record.id)
        elif error is not None:
            lost.update(dict.fromkeys(record.shown, reason_of(error, "restoring")))
            forget(record)
    names, hidden_values["inner"] = hidden_values.pop(hidden.MODULES, ({}, []))
    hidden.Last.late.update(names)
    for name in [*hidden.Last.late]:
        guard(import_module, namespace, name, lost)
        Limit.hit = False
    for _ in range(2):
        guard(load_rest, hidden_values)
        if not Limit.hit:
            break
        Limit.hit = False
    if not Unloaded.records:
        Live.kept.clear()  # until then, groups may need definitions that have lost their names
    return lost


def load_group(namespace, record, hidden_values):
    known = set(State.registry.references) if record.summary() == UNKNOWN else None
    pickle, buffers = read(Unloaded.places[record.id])
    _, _, _, values = Load(io.BytesIO(pickle), buffers=buffers).load()
    if known is not None:
        record.numbers = State.registry.references.keys() - known
    record.hash = record.hash or hash_of(pickle, buffers)
    for name, value in values.items():
        if name.startswith(HIDDEN):
            hidden_values[name] = value
        else:
            namespace[name] = value
            State.bound[name] = id(value)
    record.loaded = True
    del Unloaded.records[record.id]


def import_module(namespace, name, lost):
    """Binds a variable to its module again. It stays late when this is interrupted."""
    module = hidden.Last.late[name]
    try:
        if name not in namespace:
            if module not in modules:
                __import__(module)
            namespace[name] = modules[module]
            State.bound[name] = id(modules[module])
    except Exception as error:
        lost[name] = f"its module could not be imported again: {type(error).__name__}: {error}"
    del hidden.Last.late[name]


def forget(record):
    State.registry.keep(State.registry.references.keys() - record.numbers)
    Unloaded.records.pop(record.id, None)
    State.records.remove(record)
    State.told = None


def give_up_rebound(namespace):
    """Forgets late groups of which the code has bound a name. {name: reason} of their other names."""
    lost = {}
    for record in [record for record in unloaded.late() if not namespace.keys().isdisjoint(record.shown)]:
        lost.update((name, GIVEN_UP) for name in record.shown if name not in namespace)
        forget(record)
    return lost


def load_rest(found):
    """What libraries refer to. It is called again when it was interrupted."""
    hidden.Last.imports.update(found["inner"])
    for module in found["inner"]:
        try:
            if module not in modules:
                __import__(module)
        except Exception:
            pass  # code that uses it says so
    if hidden.FIGURES in found:
        rebuild_libraries.show_figures(found[hidden.FIGURES])
        del found[hidden.FIGURES]
    Hooks.seen |= patches.restore(found.get(hidden.PATCHES, {}))
    process_values.restore(found.get(hidden.SETTINGS, {}))
