"""The functions that stored values of the standard library name."""
import io
import os
from collections import defaultdict, deque
from types import MappingProxyType

from .atoms import Lost
from .rebuild import Live, fill_instance

__name__ = "_durable_standard"  # see rebuild.py


def value(kind, base, content):
    return base.__new__(kind, content)


def collection(kind, base, variables, slots):
    made = base.__new__(kind)
    fill_instance(made, (variables, slots))
    return made


def fill_collection(one, state):
    """By the methods of the language's class: those of the object's own class may do more, and did already."""
    base, content, options, variables, slots = state
    fill_instance(one, (variables, slots))
    if base is deque:
        deque.__init__(one, content, options)
    elif issubclass(base, dict):
        if base is defaultdict:
            one.default_factory = options
        for key, value in content.items():
            base.__setitem__(one, key, value)
    elif base is set:
        set.update(one, content)
    else:
        base.extend(one, content)


def by_library(kind, base, arguments, begin):
    made = base.__new__(kind, *arguments)
    if begin and base.__init__ is not object.__init__:
        base.__init__(made, *arguments)
    return made


def fill_by_library(one, state):
    attributes, rest = state
    fill_instance(one, attributes)
    if rest is not None:
        one.__setstate__(rest) if hasattr(one, "__setstate__") else one.__dict__.update(rest)


def weak_reference(kind, target, callback):
    return kind(target, callback) if callback is not None else kind(target)


def dead_reference(kind):
    class Gone:
        pass
    return kind(Gone())


def mapping_proxy(mapping):
    return MappingProxyType(mapping)


def view_of(mapping, kind):
    return getattr(mapping, kind)()


def memory_view(owner, start, stop, format, shape):
    return memoryview(owner)[start:stop].cast(format, shape) if format != "B" else memoryview(owner)[start:stop]


def lru_cache(function, parameters):
    from functools import lru_cache
    return lru_cache(**parameters)(function)


def cached_property(function, name, doc):
    from functools import cached_property
    made = cached_property(function)
    made.attrname, made.__doc__ = name, doc
    return made


def type_variable(kind, name, options, constraints):
    import typing
    return getattr(typing, kind)(name, *constraints, **options)


def type_alias(name, value, parameters):
    from typing import TypeAliasType
    return TypeAliasType(name, value, type_params=parameters)


def fill_decoder(decoder, state):
    from json.scanner import make_scanner
    decoder.__dict__.update(state)
    decoder.scan_once = make_scanner(decoder)


def new_type(name, supertype):
    import typing
    return typing.NewType(name, supertype)


def generic_alias(origin, arguments):
    import typing
    return typing._GenericAlias(origin, arguments)


def pairwise(seen, rest):
    import itertools
    return itertools.pairwise(itertools.chain(seen, rest) if seen else rest)


def stream(name):
    import sys
    return getattr(sys, name)


FLAGS = {"r": os.O_RDONLY, "w": os.O_WRONLY, "x": os.O_WRONLY, "a": os.O_WRONLY | os.O_APPEND}


def raw_file(path, mode, offset):
    full = os.path.join(Live.folder, path)
    if not os.path.isfile(full):
        raise Lost(f"its file {path!r} is gone")
    if offset > os.path.getsize(full):
        raise Lost(f"its file {path!r} was replaced")
    letter = next(one for one in mode if one in FLAGS)
    flags = FLAGS[letter] & ~os.O_WRONLY | os.O_RDWR if "+" in mode else FLAGS[letter]
    raw = io.FileIO(os.open(full, flags | os.O_CLOEXEC), mode)  # by its number: opening for writing would empty it
    raw.seek(offset)
    raw.name = path
    return raw


def buffered_file(kind, raw, offset):
    made = getattr(io, kind)(raw)
    made.seek(offset)
    return made


def text_file(buffer, encoding, errors, line_buffering, write_through, mode, position):
    made = io.TextIOWrapper(buffer, encoding, errors, None, line_buffering, write_through)
    if position is not None:
        made.seek(position)
    if mode is not None:
        made.mode = mode
    return made


def closed_file(kind, name, mode):
    raw = io.FileIO(os.devnull, "r" if "r" in mode else "w")
    raw.name = name
    made = raw if kind == "FileIO" else getattr(io, "BufferedReader" if "r" in mode else "BufferedWriter")(raw)
    if kind == "TextIOWrapper":
        made = io.TextIOWrapper(made, "utf-8")
        made.mode = mode
    made.close()
    return made


def handler(kind):
    made = kind.__new__(kind)
    return made


def fill_handler(handler, state):
    import logging
    handler.__dict__.update(state)
    handler.createLock()
    logging._addHandlerRef(handler)


def logger(name):
    import logging
    return logging.getLogger(name) if name else logging.root


def fill_logger(logger, state):
    logger.__dict__.update(state)
    logger.manager._clear_cache()


def c_array(kind, data):
    return kind.from_buffer_copy(data)
