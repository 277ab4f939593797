"""The file through which variables travel to the host, which has it open as well and empties it."""
from os import pwrite

from .native import limits
from .text import clean, cut_middle

TOO_LARGE = "its group is too large to store in one call"


class Exchange:
    """The file, and how much of it is written."""
    descriptor = -1
    written = 0


def write(taken):
    """Writes what `checkpoint.take` gives out: (groups with the places of their bytes, {name: reason} of the others)."""
    Exchange.written = 0
    told, unstorable = [], dict(taken["lost"])
    for group in taken["groups"][:limits.MAX_GROUPS]:
        content = None
        if any(clean(name) != name for name in group["names"]):
            continue  # such a name cannot be told, so its value is lost without one
        if group["pickle"] is not None:
            pieces = [memoryview(piece).cast("B") for piece in (group["pickle"], *group["buffers"])]
            if Exchange.written + sum(map(len, pieces)) > limits.MAX_STORED_BYTES or len(pieces) > limits.MAX_BUFFERS:
                unstorable.update(dict.fromkeys(group["names"], TOO_LARGE))
                continue
            pickle, *buffers = [write_piece(piece) for piece in pieces]
            content = pickle, buffers
        told.append((group["id"], group["names"], group["kind"], content))
    few = list(unstorable.items())[:limits.MAX_NAMES]
    return told, {clean(name): cut_middle(reason, limits.MAX_REASON_BYTES) for name, reason in few}


def write_piece(piece):
    """Writes all of it; where it is: (start, length)."""
    start = at = Exchange.written
    while at - start < len(piece):
        at += pwrite(Exchange.descriptor, piece[at - start:], at)
    Exchange.written = at
    return start, at - start
