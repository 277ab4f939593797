"""The file through which variables travel to the host, which has it open as well."""
from mmap import ALLOCATIONGRANULARITY
from os import pwrite

from .interrupt import Limit
from .late import TOO_LONG
from .native import limits
from .text import Room, clean, cut_middle

TOO_LARGE = "its group is too large to store"
NEXT_TIME = "too much was to be stored in one call; the next call stores it"
NO_ROOM = "there is no room to store it"
TOO_MANY = "there are too many variables to store them all"
QUICK = 16 << 20  # bytes that are written although the time is over


class Exchange:
    """The file, and how much of it is written, in how many pieces."""
    descriptor = -1
    written = pieces = 0


def write(taken):
    """Writes what `checkpoint.take` gives out: (groups with the places of their bytes, {name: reason} of the others, numbers of
    groups that the next call must give again)."""
    Exchange.written = Exchange.pieces = 0
    told, unstorable, again = [], dict(taken["lost"]), []
    room = Room(limits.MAX_NAMES, limits.MAX_TOLD_NAMES_JSON_BYTES)
    for group in taken["groups"][:limits.MAX_GROUPS]:
        if any(clean(name) != name for name in group["names"]):
            continue  # such a name cannot be told, so its value is lost without one
        content, reason = None, None
        if not room.take(group["names"]):
            reason = TOO_MANY
        elif group["pickle"] is not None:
            content, reason = write_group([memoryview(piece).cast("B") for piece in (group["pickle"], *group["buffers"])])
        if reason is None:
            told.append((group["id"], group["names"], group["kind"], content))
            continue
        unstorable.update(dict.fromkeys(group["names"], reason))
        if reason not in (TOO_LARGE, TOO_MANY):
            again.append(group["id"])
    return told, as_many_as_fit(unstorable), again


def as_many_as_fit(unstorable):
    """As many of them as can be told."""
    room = Room(limits.MAX_NAMES, limits.MAX_TOLD_NAMES_JSON_BYTES)
    found = ((clean(name), cut_middle(reason, limits.MAX_REASON_BYTES)) for name, reason in unstorable.items())
    return {name: reason for name, reason in found if room.take([name], 6 * len(reason))}


def write_group(pieces):
    """(the places of the pieces, None), or (None, why they are not written)."""
    start, size = Exchange.written, sum(map(len, pieces))
    if size > limits.MAX_STORED_BYTES or len(pieces) > limits.MAX_BUFFERS + 1:
        return None, TOO_LARGE
    Exchange.pieces += len(pieces)
    if start + size > limits.MAX_STORED_BYTES or Exchange.pieces > limits.MAX_PIECES:
        return None, NEXT_TIME
    try:
        if Limit.hit and start + size > QUICK:
            raise KeyboardInterrupt
        pickle, *buffers = [write_piece(piece) for piece in pieces]
        return (pickle, buffers), None
    except (OSError, KeyboardInterrupt) as error:
        Exchange.written = start
        return None, NO_ROOM if isinstance(error, OSError) else TOO_LONG


def write_piece(piece):
    """Writes all of it; where it is: (start, length)."""
    if len(piece) >= limits.MAPPED_BYTES:
        Exchange.written += -Exchange.written % ALLOCATIONGRANULARITY  # so that it can be mapped, its values aligned
    start = at = Exchange.written
    while at - start < len(piece):
        if Limit.hit and at > QUICK:
            raise KeyboardInterrupt
        at += pwrite(Exchange.descriptor, piece[at - start:], at)
    Exchange.written = at
    return start, at - start
