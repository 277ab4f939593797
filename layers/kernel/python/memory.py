"""Memory that several arrays are views of: each array of a group is stored as a part of one block."""
from bisect import bisect_right
from functools import cache
from sys import modules

FRAME, READ_ONLY, WRITABLE = 1, 2, 4  # frames copy before they write what other frames show, but not for arrays
APART = (FRAME, READ_ONLY)  # among memory of one of these kinds only, nobody's writes show in another's


def bounds(array):
    """[first address, end) of the array's elements."""
    start, read_only = array.__array_interface__["data"]
    if not array.size:
        return start, start
    low, high = 0, array.itemsize
    for count, stride in zip(array.shape, array.strides):
        if stride < 0:
            low += (count - 1) * stride
        else:
            high += (count - 1) * stride
    return start + low, start + high


@cache
def restored_class():
    """A class for memory that was restored, which tells it from bytearrays of the code."""
    return type("memory", (modules["numpy"].ndarray,), {"__module__": "numpy"})


def restored(buffer):
    """The buffer as an array of bytes that can be written to."""
    return restored_class()(len(buffer), "u1", bytearray(buffer) if memoryview(buffer).readonly else buffer)


def owner_of(array):
    """The bytearray whose memory the array shows, or None."""
    numpy = modules["numpy"]
    base = array.base
    while base is not None and type(base) is not bytearray:
        if type(base) is restored_class():
            return None
        base = base.obj if type(base) is memoryview else base.base if isinstance(base, numpy.ndarray) else None
    return base if base else None


def address(owner):
    return modules["numpy"].frombuffer(owner, "u1").__array_interface__["data"][0]


def join_overlapping(spans, join):
    """Joins the roots of arrays that overlap, where writing to one shows in the other."""
    spans.sort(key=lambda span: span[1:3])
    open_spans = []
    for root, low, high, kind in spans:
        if low >= high:
            continue
        open_spans = [span for span in open_spans if span[1] > low]
        if open_spans:
            for other, _, other_kind in open_spans:
                if kind | other_kind not in APART:
                    join(root, other)
        open_spans.append((root, high, kind))


class Blocks:
    """The ranges of memory that the arrays of a group cover."""

    def __init__(self, spans, owner=None):
        self.owner = owner  # keeps the arrays alive
        self.starts, self.ends, self.counts, self.kinds, self.made = [], [], [], [], {}
        for low, high, kind in sorted(spans):
            if low >= high:
                continue
            if self.ends and low < self.ends[-1]:
                self.ends[-1] = max(high, self.ends[-1])
                self.counts[-1] += 1
                self.kinds[-1] |= kind
            else:
                self.starts.append(low)
                self.ends.append(high)
                self.counts.append(1)
                self.kinds.append(kind)

    def of(self, low, high):
        """The block that holds the range, or None if nobody's writes to it show in another array."""
        place = bisect_right(self.starts, low) - 1
        if place < 0 or high > self.ends[place] or self.counts[place] < 2 or self.kinds[place] in APART:
            return None
        if place not in self.made:
            self.made[place] = Block(self.starts[place], self.ends[place], self.owner)
        return self.made[place]


class Block:
    """A range of memory as an array of bytes."""

    def __init__(self, start, end, owner):
        self.start, self.size, self.owner = start, end - start, owner
        self.__array_interface__ = {"data": (start, False), "shape": (self.size,), "typestr": "|u1", "version": 3}

    def array(self):
        return modules["numpy"].asarray(self)
