"""Records in the output pipe, and `print`, which writes one element per call.

A record is 0, nonce, kind, id, length, payload, and is written at once: the pipe keeps it whole up to 4096 bytes.
"""
import builtins
import itertools
import os
import struct
import sys

HEADER = struct.Struct("<x16scIH")
MAX_PAYLOAD = 4096 - HEADER.size
MAX_ELEMENT = 6 << 20  # bytes; the host keeps less

write = os.write
pack = HEADER.pack
next_id = itertools.count(1).__next__
original_print = builtins.print


class Pipe:
    """Where this process's output goes."""
    descriptor = -1
    nonce = bytes(16)
    forked = False  # true in a child that user code has forked: it writes no records
    out = err = None  # the kernel's own sys.stdout and sys.stderr


def mark(kind):
    """Writes a record without payload: b"B" begins a call, b"E" ends it."""
    write(Pipe.descriptor, pack(Pipe.nonce, kind, 0, 0))


def element(text):
    """Writes the text as one element of the output."""
    data = str.encode(text, "utf-8", "backslashreplace")
    number = next_id() & 0xFFFFFFFF
    if len(data) <= MAX_PAYLOAD:
        write(Pipe.descriptor, pack(Pipe.nonce, b"L", number, len(data)) + data)
    else:
        long_element(data[:MAX_ELEMENT], number)


def long_element(data, number):
    """Writes an element in pieces; the last one is written even when an interrupt stops the others."""
    last = (len(data) - 1) // MAX_PAYLOAD * MAX_PAYLOAD
    end = b""
    try:
        for start in range(0, last, MAX_PAYLOAD):
            payload = data[start:start + MAX_PAYLOAD]
            write(Pipe.descriptor, pack(Pipe.nonce, b"P", number, len(payload)) + payload)
        end = data[last:]
    finally:
        write(Pipe.descriptor, pack(Pipe.nonce, b"L", number, len(end)) + end)


def write_all(descriptor, data):
    """Writes plain bytes, however many writes it takes."""
    view = memoryview(data)
    while view:
        view = view[write(descriptor, view):]


def note(text):
    """A line of the kernel's own on stderr."""
    try:
        write_all(2, str.encode(text + "\n", "utf-8", "backslashreplace"))
    except OSError:
        pass


def print(*args, sep=" ", end="\n", file=None, flush=False):
    target = getattr(sys, "stdout", None) if file is None else file
    if target is None or (target is not Pipe.out and target is not Pipe.err) or target.closed:
        return original_print(*args, sep=sep, end=end, file=file, flush=flush)
    if sep is None:
        sep = " "
    elif not isinstance(sep, str):
        raise TypeError(f"sep must be None or a string, not {type(sep).__name__}")
    if end is None:
        end = "\n"
    elif not isinstance(end, str):
        raise TypeError(f"end must be None or a string, not {type(end).__name__}")
    text = (str(args[0]) if len(args) == 1 else sep.join(map(str, args))) + end
    if Pipe.forked:
        write_all(1 if target is Pipe.out else 2, str.encode(text, "utf-8", "backslashreplace"))
    else:
        element(text[:-1] if text.endswith("\n") else text)


print.__module__ = "builtins"
print.__doc__ = original_print.__doc__
