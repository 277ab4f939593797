"""Reductions for objects of the standard library."""
import io
import warnings
from gc import get_referents
from os import path
from sys import modules

from . import rebuild, rebuild_libraries, rebuild_standard, types_of_code
from .atoms import Folder, Lost, by_reference, get_dict, get_mro


def reduce_proxy(store, one):
    return rebuild_standard.mapping_proxy, (get_referents(one)[0],)


def reduce_dict_view(store, one):
    return rebuild_standard.view_of, (get_referents(one)[0], type(one).__name__.partition("_")[2])


def reduce_exception(store, one):
    kind = type(one)
    if not isinstance(one.args, tuple):
        return NotImplemented
    attributes = {}
    for base in get_mro(kind):
        if base.__module__ == "builtins" and base not in (BaseException, Exception, object):
            for name in get_dict(base):
                if not name.startswith("__") and not callable(getattr(base, name)):
                    value = getattr(one, name, None)
                    if value is not None:
                        attributes[name] = value
    state = dict(one.__dict__), attributes, one.__cause__, one.__context__, one.__suppress_context__
    return rebuild.exception, (kind, one.args), state, None, None, rebuild.fill_exception


def reduce_weak_reference(store, one):
    target = one()
    if target is None:
        return rebuild_standard.dead_reference, (type(one),)
    return rebuild_standard.weak_reference, (type(one), target, one.__callback__)


def reduce_weak_mapping(store, one):
    return type(one), (), None, None, iter(list(one.items()))


def reduce_weak_set(store, one):
    return type(one), (list(one),)


def reduce_lru_cache(store, one):
    reference = by_name(one)
    if reference is not None:
        return reference
    state = dict(one.__dict__)
    return rebuild_standard.lru_cache, (one.__wrapped__, one.cache_parameters()), state, None, None, rebuild.fill_dict


def by_name(one):
    return one.__qualname__ if by_reference(one, one.__module__, one.__qualname__) else None


def reduce_cached_property(store, one):
    return rebuild_standard.cached_property, (one.func, one.attrname, one.__doc__)


def reduce_decoder(store, one):
    state = {name: value for name, value in one.__dict__.items() if name != "scan_once"}
    return rebuild_libraries.new, (type(one),), state, None, None, rebuild_standard.fill_decoder


def reduce_super(store, one):
    return super, (one.__thisclass__, one.__self__)


def reduce_system_random(store, one):
    return type(one), ()


def reduce_iterator(store, one):
    """Iterators of itertools, which warn when they are pickled."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return one.__reduce__()


def reduce_pairwise(store, one):
    """What is left of it: the object that it saw last, and the rest."""
    left = [part for part in get_referents(one) if type(part) is not type]
    if len(left) < 2:
        return rebuild_standard.pairwise, ((), ())
    source, *last, _ = left
    return rebuild_standard.pairwise, (last, source)


def reduce_logger(store, one):
    state = {name: getattr(one, name) for name in ("level", "propagate", "disabled", "handlers", "filters")}
    return rebuild_standard.logger, ("" if one is one.root else one.name,), state, None, None, rebuild_standard.fill_logger


def reduce_handler(store, one):
    state = {name: value for name, value in one.__dict__.items() if name != "lock"}
    return rebuild_standard.handler, (type(one),), state, None, None, rebuild_standard.fill_handler


def reduce_memory_view(store, one):
    owner = one.obj
    if type(owner) not in (bytes, bytearray) or not one.c_contiguous:
        raise Lost("a view of foreign memory cannot be stored")
    from _ctypes import addressof
    from ctypes import c_char
    start = 0
    if type(owner) is bytearray and not one.readonly and one.nbytes:
        start = addressof(c_char.from_buffer(one)) - addressof(c_char.from_buffer(owner))
    elif one.nbytes != len(owner):
        owner = bytes(one)
    return rebuild_standard.memory_view, (owner, start, start + one.nbytes, one.format, one.shape)


def stream_name(one):
    system = modules["sys"]
    for name in "stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__":
        if getattr(system, name, None) is one:
            return name
    return None


def reduce_raw(store, one):
    if one.closed:
        return rebuild_standard.closed_file, ("FileIO", one.name, one.mode)
    inside(one.name)
    return rebuild_standard.raw_file, (relative(one.name), one.mode, one.tell())


def reduce_buffered(store, one):
    name = stream_name(one)
    if name is not None:
        return rebuild_standard.stream, (name,)
    kind = type(one).__name__
    raw = one.raw
    if one.closed:
        return rebuild_standard.closed_file, (kind, raw.name, raw.mode)
    if not isinstance(raw, io.FileIO):
        raise Lost("a stream that is not a file cannot be stored")
    if kind != "BufferedReader":
        one.flush()
    return rebuild_standard.buffered_file, (kind, raw, one.tell())


def reduce_text(store, one):
    name = stream_name(one)
    if name is not None:
        return rebuild_standard.stream, (name,)
    mode = getattr(one, "mode", None)
    if one.closed:
        return rebuild_standard.closed_file, ("TextIOWrapper", one.name, mode or "r")
    position = None
    if one.seekable():
        if one.writable():
            one.flush()
        position = position_of(one)
    return rebuild_standard.text_file, (
        one.buffer, one.encoding, one.errors, one.line_buffering, one.write_through, mode, position)


def position_of(one):
    try:
        return one.tell()
    except OSError:
        pass  # a loop over its lines has begun; what is left tells how much was read
    rest = len(one.read())
    next(one, None)
    with open(one.name, encoding=one.encoding, errors=one.errors) as again:
        whole = len(again.read())
        again.seek(0)
        again.read(whole - rest)
        position = again.tell()
    one.seek(position)
    return position


def inside(name):
    """Refuses files that a new kernel does not have."""
    full = path.abspath(name) if isinstance(name, str) else ""
    if not full.startswith(Folder.path + "/"):
        raise Lost("an open file outside the working folder cannot be stored")
    if not path.isfile(full):
        raise Lost(f"an open file that was deleted ({name!r}) cannot be stored")


def relative(name):
    return path.relpath(path.abspath(name), Folder.path)


def reduce_c_array(store, one):
    if getattr(one, "_objects", None):
        raise Lost("C data with pointers cannot be stored")
    return rebuild_standard.c_array, (type(one), bytes(one))


def reduce_struct(_, one):
    return type(one), (one.format,)


REDUCERS = {
    **types_of_code.REDUCERS,
    "_struct.Struct": reduce_struct,
    "builtins.BaseException": reduce_exception,
    "builtins.dict_keys": reduce_dict_view,
    "builtins.dict_values": reduce_dict_view,
    "builtins.dict_items": reduce_dict_view,
    "builtins.memoryview": reduce_memory_view,
    "builtins.super": reduce_super,
    "json.decoder.JSONDecoder": reduce_decoder,
    "random.SystemRandom": reduce_system_random,
    "weakref.ReferenceType": reduce_weak_reference,
    "weakref.WeakKeyDictionary": reduce_weak_mapping,
    "weakref.WeakValueDictionary": reduce_weak_mapping,
    "_weakrefset.WeakSet": reduce_weak_set,
    "functools._lru_cache_wrapper": reduce_lru_cache,
    "functools.cached_property": reduce_cached_property,
    "logging.Logger": reduce_logger,
    "logging.Handler": reduce_handler,
    "_io.FileIO": reduce_raw,
    "_io.BufferedReader": reduce_buffered,
    "_io.BufferedWriter": reduce_buffered,
    "_io.BufferedRandom": reduce_buffered,
    "_io.TextIOWrapper": reduce_text,
    "itertools.pairwise": reduce_pairwise,
    "_ctypes.Array": reduce_c_array,
    "_ctypes._SimpleCData": reduce_c_array,
    **{f"itertools.{name}": reduce_iterator for name in (
        "accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "count", "cycle", "dropwhile",
        "filterfalse", "groupby", "islice", "permutations", "product", "repeat", "starmap", "takewhile",
        "zip_longest")},
}
