"""Records in the output pipe, and `print`, which writes one element of output per call.

The Rust crate `sandcastle-protocol` defines the records (module `output`). Each is one write of at most PIPE_BUF bytes, which
the pipe does not split (pipe(7)).
"""
import builtins
import itertools
import os
import struct
import sys

from .native import limits, records

# Module constants, because looking them up in the native module costs time in every print.
MARK, MAX_PAYLOAD = records.MARK, records.MAX_PAYLOAD
BEGIN, PIECE, LAST, END = records.BEGIN, records.PIECE, records.LAST, records.END
MAX_ELEMENT = limits.MAX_ELEMENT_BYTES

write = os.write
pack = struct.Struct(records.HEADER_FORMAT).pack
next_id = itertools.count(1).__next__
original_print = builtins.print


class Pipe:
    """The output pipe of this process."""
    descriptor = -1
    start = MARK + bytes(records.NONCE_LEN)  # of every record: mark and nonce
    forked = False  # true in a child that user code has forked; it writes no records
    out = err = None  # the kernel's own sys.stdout and sys.stderr


def begin_call(nonce):
    """Writes the record that begins a call. The nonce is in hex."""
    Pipe.start = MARK + bytes.fromhex(nonce)
    write(Pipe.descriptor, pack(Pipe.start, BEGIN, 0, 0))


def end_call():
    """Writes the record that ends the call."""
    write(Pipe.descriptor, pack(Pipe.start, END, 0, 0))


def element(text):
    """Writes the text as one element of the output."""
    data = str.encode(text, "utf-8", "backslashreplace")
    number = next_id() & 0xFFFFFFFF
    if len(data) <= MAX_PAYLOAD:
        write(Pipe.descriptor, pack(Pipe.start, LAST, number, len(data)) + data)
    else:
        long_element(data[:MAX_ELEMENT], number)


def long_element(data, number):
    """Writes an element in pieces. The last record is written even if an interrupt stops the others."""
    last = (len(data) - 1) // MAX_PAYLOAD * MAX_PAYLOAD
    end = b""
    try:
        for start in range(0, last, MAX_PAYLOAD):
            payload = data[start:start + MAX_PAYLOAD]
            write(Pipe.descriptor, pack(Pipe.start, PIECE, number, len(payload)) + payload)
        end = data[last:]
    finally:
        write(Pipe.descriptor, pack(Pipe.start, LAST, number, len(end)) + end)


def write_all(descriptor, data):
    """Writes plain bytes, in as many writes as it takes."""
    view = memoryview(data)
    while view:
        view = view[write(descriptor, view):]


def note(text):
    """Writes a line of the kernel itself to stderr."""
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
