"""Descriptors 0 to 2 and sys.stdin, sys.stdout, sys.stderr: restores them before each call."""
import sys
from fcntl import F_GETFD, fcntl
from io import BufferedReader, FileIO, TextIOWrapper
from os import O_RDONLY, close, devnull, dup2, open as open_descriptor

from .output import Pipe


def begin_call():
    """Points descriptors 1 and 2 at the output pipe and a closed 0 at /dev/null, and restores sys.std*."""
    dup2(Pipe.descriptor, 1)
    dup2(Pipe.descriptor, 2)
    try:
        fcntl(0, F_GETFD)
    except OSError:
        null = open_descriptor(devnull, O_RDONLY)
        if null != 0:
            dup2(null, 0)
            close(null)
    # Objects that still work are kept, because logging handlers refer to them.
    if not usable(Pipe.out):
        Pipe.out = sys.__stdout__ = text_stream(1, "<stdout>")
    if not usable(Pipe.err):
        Pipe.err = sys.__stderr__ = text_stream(2, "<stderr>")
    if not usable(getattr(sys, "__stdin__", None)):
        sys.__stdin__ = TextIOWrapper(BufferedReader(FileIO(0, "r", closefd=False)), "utf-8", "replace")
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, Pipe.out, Pipe.err


def text_stream(descriptor, name):
    """A stream without a buffer, so that the output of all writers stays in order."""
    raw = FileIO(descriptor, "w", closefd=False)
    raw.name = name
    return TextIOWrapper(raw, "utf-8", "backslashreplace", newline="\n", write_through=True)


def usable(stream):
    """Whether the stream is open and has not been detached."""
    try:
        return stream is not None and not stream.closed
    except (ValueError, AttributeError):
        return False
