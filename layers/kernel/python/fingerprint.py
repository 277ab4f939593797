"""Hashes of the contents of data frames, to find out whether code has changed one in place.

Reads the blocks of data through private attributes of pandas (3.1): public methods may copy data or call user code.
"""
from pickle import dumps
from sys import modules
from types import NoneType

from .native import hash_bytes

# Types whose hashes differ for different values, except by chance. Numbers do not: hash(-1) == hash(-2), hash(1) == hash(1.0).
WELL_HASHED = frozenset((str, bytes, NoneType))


def is_consolidated(frame):
    """Whether the frame's blocks are merged. If not, pandas may merge them when the frame is only read."""
    return manager_of(frame).is_consolidated()


def of_pandas(frame, by_column):
    manager = manager_of(frame)
    parts = [of_index(axis) for axis in manager.axes]
    columns = []
    for block in manager.blocks:
        places, values = block.mgr_locs.as_array, block.values
        if by_column:
            rows = values if values.ndim == 2 else [values]
            columns += [(place, of_array(row)) for place, row in zip(places.tolist(), rows)]
        else:
            columns.append((places.tobytes(), of_array(values)))
    return hash((*parts, *sorted(columns, key=lambda column: column[0])))


def manager_of(frame):
    return object.__getattribute__(frame, "_mgr")


def of_index(index):
    names = of_objects(list(index.names))
    if hasattr(index, "codes") and hasattr(index, "levels"):
        return names, *map(of_index, index.levels), *map(of_array, index.codes)
    if hasattr(index, "_range"):
        return names, index._range
    return names, of_array(index._values)


def of_array(values):
    kind = type(values)
    if kind is modules["numpy"].ndarray:
        return of_numpy(values)
    if hasattr(values, "_pa_array"):
        return kind.__name__, of_arrow(values._pa_array)
    if hasattr(values, "_mask"):
        return str(values.dtype), of_numpy(values._data), of_numpy(values._mask)
    if hasattr(values, "_ndarray"):
        categories = getattr(values.dtype, "categories", None)
        return str(values.dtype), of_numpy(values._ndarray), None if categories is None else of_index(categories)
    return pickled(values)


def of_numpy(values):
    flat = values.ravel(order="K")
    content = of_objects(flat.tolist()) if flat.dtype.hasobject else hash_bytes(flat.view("u1"))
    return values.dtype.str, values.shape, values.flags.c_contiguous, content


def of_arrow(array):
    """A hash of the buffers of a chunked array."""
    if str(array.type).startswith("dictionary"):
        return pickled(array)
    chunks = []
    for chunk in array.chunks:
        buffers = [hash_bytes(memoryview(buffer).cast("B")) if buffer else None for buffer in chunk.buffers()]
        chunks.append((chunk.offset, len(chunk), *buffers))
    return str(array.type), *chunks


def of_objects(elements):
    if set(map(type, elements)) <= WELL_HASHED:
        return hash(tuple(elements))
    return pickled(elements)


def pickled(value):
    buffers = []
    data = dumps(value, 5, buffer_callback=buffers.append)
    return hash_bytes(data), *(hash_bytes(buffer.raw()) for buffer in buffers)
