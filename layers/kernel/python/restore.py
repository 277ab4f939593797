"""In a new kernel: makes the variables again from what the checkpoints of earlier ones have given out."""
import io
from os import close
from pickle import Unpickler
from time import monotonic

from . import hidden, patches, process_values, rebuild, rebuild_libraries, unloaded
from .atoms import Folder, reason_of
from .given_out import State, hash_of
from .interrupt import Limit
from .reach import HIDDEN, Hooks
from .rebuild import Live
from .reducers import BUILTINS, BY_NAME
from .stored_bytes import load_into, read
from .unloaded import UNKNOWN, Unloaded

TOO_LONG = "restoring it took too long"
HANGS = 10  # seconds: what is restored for longer never ends; less time may just be too little


class NoTime(Exception):
    """There was no time to restore what the call needs. The kernel is of no more use."""


class Hangs(Exception):
    """What was restored never ends."""


class Load(Unpickler):
    """Finds the functions of `rebuild`, which user code cannot import, and the namespace."""

    def find_class(self, module, name):
        own = BY_NAME.get(module)
        if own is not None:
            return getattr(own, name)
        rebuild.imported(module)
        return super().find_class(module, name)

    def persistent_load(self, key):
        return BUILTINS if key == "builtins" else Live.namespace


def before_call(namespace, codes, everything, fetch, guard):
    """Loads the groups that the code may need, or all, and others whose bytes are here. `fetch` takes numbers of groups and returns their
    places, or None; `guard` calls a function that the host can interrupt, and returns its exception.
    {name: reason} of what is lost, and whether the code may run; None when the bytes could not be fetched, or there was no time."""
    Unloaded.asked, lost = False, {}
    try:
        wanted = set(Unloaded.records) if everything else unloaded.needed(codes, namespace)
        absent = sorted(wanted - Unloaded.places.keys())
        fetched = fetch(absent) if absent else {}
        if fetched is None:
            return None
        Unloaded.places.update(fetched)
        Unloaded.descriptors.update(place[0] for place in fetched.values())
        load(namespace, wanted, guard, lost)
        return lost, True
    except NoTime:
        return (lost, False) if lost else None  # what is lost does not take the next call's time again
    finally:
        for descriptor in Unloaded.descriptors:
            close_it(descriptor)
        Unloaded.descriptors, Unloaded.places = set(), {}
        unloaded.notice()


def close_it(descriptor):
    try:
        close(descriptor)
    except OSError:
        pass  # a value that was restored has closed it


def load(namespace, wanted, guard, lost):
    Live.namespace, Live.registry, Live.folder = namespace, State.registry, Folder.path
    hidden_values, at_hand = {}, unloaded.at_hand() - wanted
    Limit.over, Limit.patience = False, 1  # the first interrupt is for what the call does not need, which comes last
    load_all([record for record in of(wanted) if record.kind == "modules"], namespace, hidden_values, guard, lost)
    names, inner = hidden_values.get(hidden.MODULES, ({}, []))
    for name, module in names.items():
        error = tried(guard, import_module, namespace, name, module)
        if blamed(error) is not None:
            namespace.pop(name, None)
            lost[name] = TOO_LONG if type(error) is Hangs else f"its module could not be imported again: {type(error).__name__}: {error}"
    hidden.Last.imports.update(inner)
    for module in inner:
        blamed(tried(guard, rebuild.imported, module))  # code that uses it says whether it is there
    load_all(of(wanted), namespace, hidden_values, guard, lost)
    for restore in restore_figures, restore_patches, restore_settings:
        blamed(tried(guard, restore, hidden_values))
    in_time, Limit.patience = Limit.patience > 0, 0
    if in_time:
        load_at_hand(of(at_hand), namespace, hidden_values, guard)
    if not Unloaded.records:
        Live.kept.clear()  # until then, groups may need definitions that have lost their names


def load_all(records, namespace, hidden_values, guard, lost):
    """Loads groups. A class of the user may look for other variables when a value is restored, so that what fails is tried again as long
    as others succeed."""
    while records:
        failed = []
        for record in records:
            if Limit.over:
                raise NoTime
            error = tried(guard, load_group, namespace, record, hidden_values)
            if type(error) is Hangs:
                give_up(record, error, lost)
            elif error is not None:
                failed.append((record, error))
        if len(failed) == len(records):
            for record, error in failed:
                give_up(record, blamed(error), lost)
            return
        records = [record for record, _ in failed]


def load_at_hand(records, namespace, hidden_values, guard):
    """Loads groups that the call does not need. What fails stays stored: a call that needs it says why."""
    Live.imports = False
    for record in records:
        error = guard(load_group, namespace, record, hidden_values)
        if Limit.hit:
            Unloaded.interrupted, Limit.hit = Unloaded.interrupted or error is not None, False
            break
    Live.imports = True


def of(numbers):
    return [record for number, record in Unloaded.records.items() if number in numbers]


def tried(guard, function, *arguments):
    """Calls what the call needs. The exception that ended it, None for none, Hangs for one that hangs. NoTime when an interrupt came
    before it had had long."""
    Limit.raised = False
    began, error = monotonic(), guard(function, *arguments)
    hit, Limit.hit = Limit.hit, False
    Limit.over = Limit.over or hit
    if not hit or (error is None and not Limit.raised):  # what takes the interrupt for an error of its own is not restored
        return error
    if monotonic() - began < HANGS:
        raise NoTime
    Unloaded.interrupted, Limit.over = True, False  # what is left of the time is for the others
    return Hangs()


def blamed(error):
    """The error. NoTime when an earlier interrupt may be to blame for it: a package may not be importable after that."""
    if error is not None and Unloaded.interrupted and type(error) is not Hangs:
        raise NoTime
    return error


def give_up(record, error, lost):
    reason = TOO_LONG if type(error) is Hangs else reason_of(error, "restoring")
    lost.update(dict.fromkeys(record.shown, reason))
    Unloaded.records.pop(record.id, None)
    State.records.remove(record)
    State.told = None


def load_group(namespace, record, hidden_values):
    known = set(State.registry.references) if record.summary() == UNKNOWN else None
    pickle, buffers = read(Unloaded.places[record.id])
    Limit.raised = False
    try:
        _, _, _, values = complete(Load(io.BytesIO(pickle), buffers=buffers))
    except BaseException:
        State.registry.keep(State.registry.references.keys() - record.numbers if known is None else known)
        raise
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


def complete(load):
    found = []
    try:
        load_into(found, load)
    except KeyboardInterrupt:
        if not found:
            raise
    else:
        if Limit.hit and Limit.raised:
            raise KeyboardInterrupt  # a value has taken the interrupt for an error of its own
    Limit.raised = False
    return found[0]


def import_module(namespace, name, module):
    namespace[name] = rebuild.imported(module)
    State.bound[name] = id(namespace[name])


def restore_figures(found):
    if hidden.FIGURES in found:
        rebuild_libraries.show_figures(found[hidden.FIGURES])


def restore_patches(found):
    Hooks.seen |= patches.restore(found.get(hidden.PATCHES, {}))


def restore_settings(found):
    process_values.restore(found.get(hidden.SETTINGS, {}))
