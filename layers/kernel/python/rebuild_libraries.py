"""The functions that stored values of numpy, pandas, polars and arrow name."""
import os
from sys import modules

from . import memory
from .rebuild import Live, Lost

__name__ = "_durable_libraries"  # see rebuild.py

SMALL = 64 << 10


def imported(name):
    if name not in modules:
        __import__(name)
    return modules[name]


def block(buffer):
    imported("numpy")
    return memory.restored(buffer)


def array(block, dtype, shape, offset, strides, writable):
    made = imported("numpy").ndarray(shape, dtype, block, offset, strides)
    if not writable:
        made.flags.writeable = False
    return made


def whole_array(buffer, dtype, shape, order, writable):
    numpy = imported("numpy")
    if not len(buffer):
        made = numpy.empty(shape, dtype, order)
    else:
        made = numpy.ndarray(shape, dtype, block(buffer), 0, None, order)
        if len(buffer) < SMALL:
            made = made.copy(order)  # it then owns its memory, and can be resized
    if not writable:
        made.flags.writeable = False
    return made


def object_view(base, offset, shape, strides):
    numpy = imported("numpy")
    flat = base.reshape(-1)[offset // base.itemsize:]
    return numpy.lib.stride_tricks.as_strided(flat, shape, strides)


def view_as(plain, kind):
    return plain.view(kind)


def memory_map(path, dtype, mode, offset, shape):
    full = os.path.join(Live.folder, path)
    if not os.path.isfile(full):
        raise Lost(f"its file {path!r} is gone")
    return imported("numpy").memmap(full, dtype, mode, offset, shape)


def objects(values, shape):
    return imported("numpy").fromiter(values, object, len(values)).reshape(shape)


def frame(columns, index, pieces):
    imported("pandas")
    numpy = modules["numpy"]
    internals = imported("pandas.core.internals.blocks"), imported("pandas.core.internals.managers")
    blocks = []
    for places, values, shape, references in pieces:
        if shape is not None:
            values = objects(values, shape)
        elif values.ndim == 1 and type(values) is numpy.ndarray:
            values = values.reshape(1, -1)
        places = imported("pandas._libs.internals").BlockPlacement(numpy.array(places, numpy.intp))
        blocks.append(internals[0].new_block(values, placement=places, ndim=2, refs=references))
    manager = internals[1].BlockManager(tuple(blocks), [columns, index], verify_integrity=False)
    pandas = modules["pandas"]
    return pandas.DataFrame._from_mgr(manager, manager.axes)


def references():
    """What tells frames over the same memory of each other."""
    return imported("pandas._libs.internals").BlockValuesRefs()


def fill_index(index, references):
    index._references = references
    references.add_index_reference(index)


def series(values, index, references):
    pandas = imported("pandas")
    if type(values) is list:
        values = objects(values, len(values))
    internals = imported("pandas.core.internals.managers")
    manager = internals.SingleBlockManager.from_array(values, index, refs=references)
    return pandas.Series._from_mgr(manager, manager.axes)


def fill_frame(one, state):
    unique = state.pop("_flags", None)
    for name, value in state.items():
        object.__setattr__(one, name, value)
    if unique:
        one.flags.allows_duplicate_labels = False


def polars_frame(table):
    return imported("polars").from_arrow(table, rechunk=False)


def polars_series(name, values):
    return imported("polars").from_arrow(values, rechunk=False).alias(name)


def arrow_buffer(block, start, size):
    return imported("pyarrow").py_buffer(block[start:start + size])


def new(kind):
    return kind.__new__(kind)


def elements(kinds):
    """Elements of a page, without their variables: (class, text of a string or None) of each."""
    return [kind.__new__(kind) if text is None else str.__new__(kind, text) for kind, text in kinds]


def fill_elements(made, states):
    for one, state in zip(made, states):
        object.__getattribute__(one, "__dict__").update(state)
        if isinstance(state.get("builder"), type):
            one.builder = state["builder"]()
            one.builder.soup = one


def element(made, place):
    return made[place]


def show_figures(figures):
    """Makes pyplot know the figures, the last as the current one."""
    from matplotlib import pyplot
    from matplotlib._pylab_helpers import Gcf
    for figure, number, label in figures:
        manager = pyplot._get_backend_mod().new_figure_manager_given_figure(number, figure)
        figure.set_label(label)
        Gcf._set_new_active_manager(manager)
