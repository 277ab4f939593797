"""Reads stored variables from files that the host gives: small pieces are copied, and large ones mapped, so that a page is copied
when code writes to it."""
from mmap import ALLOCATIONGRANULARITY, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from os import pread
from sys import version_info

from .native import limits

OPTIONS = {"trackfd": False} if version_info >= (3, 13) else {}  # the mapping needs no descriptor of its own


def read(place):
    """(pickle, buffers) at a place: (descriptor, where the pickle is, where the buffers are), each as (start, length)."""
    descriptor, pickle, buffers = place
    return copied(descriptor, *pickle), [buffer(descriptor, *extent) for extent in buffers]


def load_into(found, load):
    """Loads a pickle. What it holds is in the list as soon as it is complete, also when an interrupt comes at that moment."""
    found.append(load.load())


def buffer(descriptor, start, length):
    """Memory that may be written to."""
    return mapped(descriptor, start, length) if length >= limits.MAPPED_BYTES else bytearray(copied(descriptor, start, length))


def copied(descriptor, start, length):
    pieces, left = [], length
    while left:
        piece = pread(descriptor, left, start + length - left)
        if not piece:
            raise EOFError("its bytes are cut")
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def mapped(descriptor, start, length):
    before = start % ALLOCATIONGRANULARITY
    pages = mmap(descriptor, before + length, MAP_PRIVATE, PROT_READ | PROT_WRITE, offset=start - before, **OPTIONS)
    return memoryview(pages)[before:]
