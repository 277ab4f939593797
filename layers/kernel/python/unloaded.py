"""In a new kernel: the groups that are stored and not loaded yet, and which of them a call needs."""
from sys import modules
from types import ModuleType

from . import index
from .given_out import State, key_of
from .reach import HIDDEN, SEARCHING, Record, reached, words_of
from .stored_bytes import copied

UNKNOWN = (), True, False, True  # the summary of a group that is not in the index: it may reach everything


class Unloaded:
    """The groups."""
    records = {}  # by number, in the order of restoring
    places = {}  # where the bytes of some of them are, by number
    descriptors = set()  # that places name
    dropped = {}  # reasons by the names of those that the call has made impossible to restore
    asked = False  # something has looked for a name that belongs to one of them
    interrupted = False  # restoring was, once: a package may not be importable any more in this process


def drop(record, reason):
    """The group cannot be restored any more."""
    Unloaded.records.pop(record.id, None)
    Unloaded.dropped.update(dict.fromkeys(record.shown, reason))


class Main(ModuleType):
    """The class of `__main__` while groups are not loaded: it notices who looks for a name in the module itself."""

    def __getattr__(self, name):
        Unloaded.asked = Unloaded.asked or name in names()
        raise AttributeError(f"module '__main__' has no attribute {name!r}")


def begin(stored):
    """Takes over what is stored: (number, names, kind, size, place or None) of each group, in the order of restoring."""
    known = {}
    for number, shown, kind, size, place in stored:
        if place is not None:
            Unloaded.descriptors.add(place[0])
        if number == index.NUMBER:
            known = read_index(place)
            continue
        record = known.get(number)
        if record is None:
            record = Record(frozenset(shown), set(), set(), UNKNOWN)
            record.keep(shown)
            record.id, record.restored = number, True
        record.told, record.kind, record.size, record.loaded = shown, kind, size, False
        add(record, place)


def read_index(place):
    try:
        return index.records(copied(place[0], *place[1]))
    except Exception:
        return {}  # then all groups are loaded


def add(record, place):
    Unloaded.records[record.id] = record
    if place is not None:
        Unloaded.places[record.id] = place
    State.records.append(record)
    State.told[0].append(record)
    State.last = max(State.last, record.id)
    State.number_of[key_of(record)] = record.id
    State.registry.last = max(State.registry.last, *record.numbers, *record.needs, 0)  # also those that are lost


def notice():
    """Makes `__main__` tell of lookups while there is something to load."""
    modules["__main__"].__class__ = Main if Unloaded.records else ModuleType


def names():
    """The variables that are not loaded."""
    return {name for record in Unloaded.records.values() for name in record.shown}


def needed(codes, namespace):
    """The groups that the code may reach, and those that each kernel needs, with all that they need."""
    waiting = Unloaded.records.values()
    record_of_name = {name: record for record in State.records for name in record.names}
    found = reached(codes, namespace, State.records, record_of_name)
    if found is None:
        return set(Unloaded.records)
    words = set().union(words_of(codes, namespace)[0], *(record.words for record in State.records if id(record) in found))
    if not SEARCHING.isdisjoint(words):
        return set(Unloaded.records)
    return with_needs(record for record in waiting if id(record) in found or any(map(is_hidden, record.kept)))


def is_hidden(name):
    return name.startswith(HIDDEN)


def at_hand():
    """The groups whose bytes are here and that are restored without the user's code: none of their values is of a class of his."""
    return {number for number in Unloaded.places if not (Unloaded.records[number].needs or Unloaded.records[number].numbers)}


def with_needs(records):
    """Numbers of the groups and of all whose definitions they need."""
    of_number = {number: record for record in Unloaded.records.values() for number in record.numbers}
    found, waiting = set(), list(records)
    while waiting:
        record = waiting.pop()
        if record.id not in found:
            found.add(record.id)
            waiting += [of_number[number] for number in record.needs if number in of_number]
    return found


def was_missed(error, namespace):
    """Whether the code that has run needed a value that is not loaded: then nothing that it has done may count."""
    left = names()
    name = error.name if type(error) is NameError else None
    return bool(left) and (Unloaded.asked or (type(name) is str and name in left) or not left.isdisjoint(namespace))
