"""Reductions for numpy, pandas, polars, arrow and matplotlib: memory as buffers, without copies."""
from pickle import PickleBuffer
from sys import modules

from . import edges, memory, rebuild, rebuild_libraries, standard

SMALL = 64 << 10  # columns below this are stored by block: many buffers would cost more than they save


def reduce_array(store, one):
    numpy = modules["numpy"]
    if one.dtype.hasobject:
        return reduce_object_array(store, one)
    if type(one) not in (numpy.ndarray, memory.restored_class()):
        return reduce_subclass(store, one)
    low, high = memory.bounds(one)
    start = one.__array_interface__["data"][0]
    owner = memory.owner_of(one)
    if owner is not None and one.size:
        return rebuild_libraries.array, (
            owner, one.dtype, one.shape, start - memory.address(owner), one.strides, one.flags.writeable)
    block = store.blocks.of(low, high)
    if block is None and one.nbytes > high - low:
        block = memory.Block(low, high, one)  # elements share memory, as after broadcasting
    if block is not None:
        return rebuild_libraries.array, (
            block, one.dtype, one.shape, start - block.start, one.strides, one.flags.writeable)
    order = "F" if one.flags.f_contiguous and not one.flags.c_contiguous else "C"
    plain = numpy.asarray(one, order=order) if order == "F" or one.flags.c_contiguous else numpy.ascontiguousarray(one)
    return rebuild_libraries.whole_array, (
        buffer_of(plain, order), one.dtype, one.shape, order, one.flags.writeable)


def buffer_of(array, order="C"):
    """The memory of a contiguous array."""
    numpy = modules["numpy"]
    if not array.size:
        return b""
    flat = array.reshape(-1, order=order).view(numpy.uint8)
    return PickleBuffer(flat)


def reduce_block(store, one):
    return rebuild_libraries.block, (PickleBuffer(one.array()),)


def reduce_object_array(store, one):
    numpy = modules["numpy"]
    base = one.base
    while isinstance(base, numpy.ndarray) and base.base is not None:
        base = base.base
    if type(base) is numpy.ndarray and base.dtype == one.dtype and type(one) is numpy.ndarray and base.flags.c_contiguous:
        offset = one.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        return rebuild_libraries.object_view, (base, offset, one.shape, one.strides)
    return NotImplemented


def reduce_subclass(store, one):
    numpy = modules["numpy"]
    plain = one.view(numpy.ndarray)
    return rebuild_libraries.view_as, (plain, type(one)), dict(getattr(one, "__dict__", {})), None, None, rebuild.fill_dict


def reduce_memory_map(store, one):
    name = getattr(one, "filename", None)
    if one.base is None or name is None or one.offset is None:
        return reduce_subclass(store, one)
    standard.inside(str(name))
    one.flush()
    start = one.offset
    mode = "r" if not one.flags.writeable else one.mode if one.mode == "c" else "r+"
    return rebuild_libraries.memory_map, (standard.relative(str(name)), one.dtype, mode, start, one.shape)


def reduce_frame(store, one):
    pandas = modules["pandas"]
    if type(one) is not pandas.DataFrame:
        return NotImplemented
    manager = one._mgr
    pieces = []
    for block in manager.blocks:
        places = block.mgr_locs.as_array.tolist()
        pieces += [(places, block.values[:], None, block.refs)] if is_shared(store, block.values) else \
            pieces_of(places, block.values)
    pieces.sort(key=lambda piece: piece[0])
    return rebuild_libraries.frame, (manager.axes[0], manager.axes[1], pieces), {
        "_attrs": one._attrs, "_flags": not one._flags.allows_duplicate_labels}, None, None, rebuild_libraries.fill_frame


def is_shared(store, values):
    """Whether an array shows the same memory. Then frames over it are also told of each other: they copy before they write."""
    values = getattr(values, "_ndarray", values)
    if type(values) is not modules["numpy"].ndarray or values.dtype.hasobject:
        return False
    return store.blocks.of(*memory.bounds(values)) is not None


def reduce_index(store, one):
    if type(one) is not modules["pandas"].Index or not is_shared(store, one._data):
        return NotImplemented
    return *one.__reduce__()[:2], one._references, None, None, rebuild_libraries.fill_index


def pieces_of(places, values):
    """[(places of columns, their values, shape of objects, nothing that is shared)]: each long column is a piece, so that
    changing one stores only that one."""
    numpy = modules["numpy"]
    if type(values) is not numpy.ndarray or values.ndim == 1:
        return [(places, values, None, None)]
    if values.dtype.hasobject:
        return [(places, list(values.ravel()), values.shape, None)]
    if values.shape[1] * values.itemsize < SMALL:
        return [(places, values[:], None, None)]
    return [([place], values[row], None, None) for row, place in enumerate(places)]


def reduce_series(store, one):
    pandas = modules["pandas"]
    if type(one) is not pandas.Series:
        return NotImplemented
    block = one._mgr.blocks[0]
    values, references = block.values, block.refs if is_shared(store, block.values) else None
    if type(values) is modules["numpy"].ndarray:
        values = list(values) if values.dtype.hasobject else values[:]
    return rebuild_libraries.series, (values, one.index, references), {"_name": one._name, "_attrs": one._attrs}, \
        None, None, rebuild_libraries.fill_frame


def reduce_masked(store, one):
    """Without the dtype, which it remembers when it is first asked for."""
    return type(one), (one._data, one._mask)


def reduce_polars_frame(store, one):
    polars = modules["polars"]
    if type(one) is not polars.DataFrame or not one.width or not all(map(is_plain, one.dtypes)):
        return NotImplemented
    return rebuild_libraries.polars_frame, (one.to_arrow(),)


def reduce_polars_series(store, one):
    polars = modules["polars"]
    if type(one) is not polars.Series or not is_plain(one.dtype):
        return NotImplemented
    return rebuild_libraries.polars_series, (one.name, one.to_arrow())


def is_plain(dtype):
    polars = modules["polars"]
    return dtype.is_numeric() and not dtype.is_decimal() and dtype.base_type().__name__ != "Int128" or dtype in (
        polars.Boolean, polars.String, polars.Binary, polars.Date, polars.Time)


def reduce_arrow(store, one):
    """A slice is stored without the rest of its memory."""
    if one.nbytes * 2 >= one.get_total_buffer_size() or any(
            buffer is not None and store.blocks.of(buffer.address, buffer.address + buffer.size) is not None
            for chunk in edges.chunks_of(one) for buffer in chunk.buffers()):
        return NotImplemented
    pyarrow = modules["pyarrow"]
    if isinstance(one, pyarrow.Array):
        return pyarrow.concat_arrays([one]).__reduce__()  # not by this function again: an empty one stays as it is
    taken = one.take(list(range(len(one))) if len(one) < 1000 else pyarrow.array(range(len(one))))
    return taken.__reduce__()


def reduce_arrow_buffer(store, one):
    block = store.blocks.of(one.address, one.address + one.size) if one.size else None
    if block is None:
        return NotImplemented
    return rebuild_libraries.arrow_buffer, (block, one.address - block.start, one.size)


def reduce_figure(store, one):
    """Whether pyplot knows the figure is stored apart: its own way would give it another number."""
    state = one.__getstate__()
    state.pop("_restore_to_pylab", None)
    return rebuild_libraries.new, (type(one),), state


def reduce_callbacks(store, one):
    state = one.__getstate__()  # this advances the counter
    state["_cid_gen"] = 1 + max((number for found in state["callbacks"].values() for number in found), default=-1)
    return rebuild_libraries.new, (type(one),), state


REDUCERS = {
    "matplotlib.figure.Figure": reduce_figure,
    "matplotlib.cbook.CallbackRegistry": reduce_callbacks,
    "numpy.memmap": reduce_memory_map,
    "numpy.ndarray": reduce_array,
    "pandas._libs.internals.BlockValuesRefs": lambda store, one: (rebuild_libraries.references, ()),
    "pandas.Index": reduce_index,
    "pandas.core.indexes.base.Index": reduce_index,
    "pandas.DataFrame": reduce_frame,
    "pandas.Series": reduce_series,
    "pandas.core.frame.DataFrame": reduce_frame,
    "pandas.core.series.Series": reduce_series,
    "pandas.core.arrays.masked.BaseMaskedArray": reduce_masked,
    "polars.dataframe.frame.DataFrame": reduce_polars_frame,
    "polars.series.series.Series": reduce_polars_series,
    "pyarrow.lib.Buffer": reduce_arrow_buffer,
    "pyarrow.lib.Table": reduce_arrow,
    "pyarrow.lib.RecordBatch": reduce_arrow,
    "pyarrow.lib.Array": reduce_arrow,
}
