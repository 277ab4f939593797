"""The index: what a new kernel must know of each group before its values are loaded."""
from pickle import dumps, loads

from .reach import Record

NUMBER = 0  # of the group that holds the index
KEPT_HASH = 1 << 20  # bytes: the hash of larger groups is in the index, so that loading one need not read all of it


class Last:
    """The index as it was last given out or restored."""
    pickle = None


def entry(record):
    """The record's part of the index."""
    if record.entry is None:
        hashed = record.hash if record.size >= KEPT_HASH else None
        names, numbers, needs = map(sorted, (record.kept, record.numbers, record.needs))
        record.entry = dumps((record.id, names, numbers, needs, record.summary(), hashed))
    return record.entry


def group(records):
    """The group that holds the index; without a pickle when that has not changed."""
    pickle = dumps([entry(record) for record in records])
    changed, Last.pickle = pickle != Last.pickle, pickle
    return {"id": NUMBER, "names": [], "kind": "index", "pickle": pickle if changed else None, "buffers": []}


def records(pickle):
    """Records of the groups in an index, by their numbers."""
    Last.pickle = pickle
    return {record.id: record for record in map(record_of, loads(pickle))}


def record_of(entry):
    number, names, numbers, needs, summary, hashed = loads(entry)
    record = Record(frozenset(names), set(numbers), set(needs), summary)
    record.keep(names)
    record.id, record.hash, record.entry, record.restored = number, hashed, entry, True
    return record
