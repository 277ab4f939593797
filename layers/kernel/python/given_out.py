"""What this kernel has given out or restored."""
from . import definitions, index, native
from .lost_names import variables


class State:
    """What this kernel has given out or restored."""
    registry = definitions.Registry()
    records, number_of = [], {}  # and by the names of a group: its number, which it keeps when it changes
    bound = {}  # ids of the values by name
    told = [], {}  # the records and the reasons of lost values that were given out last; None when all must be given again
    unstorable = {}  # reasons by names, as they were told last
    hung = set()  # names of groups that an interrupt has kept from being stored
    last = turn = 0


def forget():
    """Begins anew, as if nothing had been given out since this kernel has started."""
    State.records, State.bound, State.told, index.Last.pickle = unloaded(), {}, None, None


def give_again(numbers):
    """What was given out last of these groups was not taken."""
    if numbers:
        State.records, State.told = [record for record in State.records if record.id not in numbers], None


def names():
    """The names that were told of as stored."""
    return {name for record in State.records for name in record.told}


def unloaded():
    return [record for record in State.records if not record.loaded]


def hash_of(pickle, buffers):
    return (len(pickle), native.hash_bytes(pickle), *((len(one), native.hash_bytes(one)) for one in buffers))


def given(record):
    """What to give of a group: its pickle and buffers only if they are new."""
    pickle, buffers = record.__dict__.pop("pickle", (None, []))
    return {"id": record.id, "names": record.told, "kind": record.kind, "pickle": pickle, "buffers": buffers}


def told(records, lost):
    """What to give: these groups, after the index, and the reasons of what cannot be stored."""
    return {"groups": [index.group(records), *map(given, records)], "lost": lost}


def key_of(record):
    """What a group is known by when it is stored again."""
    return (record.kind == "modules", *sorted(record.kept)) if record.kept else (False, *sorted(record.numbers))


def nothing(namespace, reason):
    """What to give when even the search for groups fails: no value is stored that lives here, and the next call gives all anew."""
    forget()
    return told(State.records, dict.fromkeys(variables(namespace), reason))


def as_stored():
    """What to give when the code has not run: all that is stored, and was not given up, stays."""
    return told([record for record in State.records if record.kept is not None], State.unstorable)
