"""What an object refers to, where the garbage collector's answer is wrong: it misses arrays' memory and finds too much in
functions, exceptions, loggers and frames."""
from gc import get_referents
from sys import modules
from types import FunctionType, ModuleType

from . import definitions, memory
from .atoms import get_dict, get_mro, is_library_function, name_of


def of_definition(walk, root, one):
    if type(one) is FunctionType:
        return of_function(walk, root, one)
    if type(one) is ModuleType:
        walk.always.add(root)
        return list(definitions.module_state(one).values())
    for function in definitions.functions_of(one):
        if not is_library_function(function):
            walk.join(root, walk.define(function))
    # The compiler makes one object of equal tuples of a cell.
    state = [value for name, value in definitions.class_state(one).items() if name != "__static_attributes__"]
    return [type(one), *type.__dict__["__bases__"].__get__(one), *state, *definitions.registered_classes(one)]


def of_function(walk, root, one):
    walk.codes.append((root, one.__code__))
    parts = [one.__closure__, one.__defaults__, one.__kwdefaults__, one.__dict__, getattr(one, "__type_params__", ())]
    if "__annotations__" in dir(FunctionType):
        parts.append(definitions.annotations_of(one))
        walk.kept.append(parts[-1])
    variables = definitions.where(one, walk.namespace)
    if type(variables) is str and definitions.is_definition(modules[variables]):
        parts.append(modules[variables])
    elif type(variables) is dict:
        if id(variables) not in walk.owner:
            walk.preludes.append((root, variables))
        parts.append(variables)
    return parts


def of_builtin(walk, root, one):
    owner = one.__self__
    return () if owner is None or type(owner) is ModuleType else (owner,)


def get_exception_part(name):
    """Reads an attribute past what the exception's class may have in its place."""
    return BaseException.__dict__[name].__get__


def of_exception(walk, root, one):
    return [type(one), *(get_exception_part(name)(one) for name in ("args", "__dict__", "__cause__", "__context__"))]


def of_weak_reference(walk, root, one):
    target = type(one).__base__.__call__(one) if type(one).__base__ is not object else one()
    return (target, one.__callback__)


def of_type_variable(walk, root, one):
    names = ("__bound__", "__constraints__", "__default__")
    return computed(walk, one, names)


def of_type_alias(walk, root, one):
    return computed(walk, one, ("__value__", "__type_params__"))


def computed(walk, one, names):
    """Attributes that are computed when they are first asked for, and whose code may raise."""
    found = []
    for name in names:
        try:
            found.append(getattr(one, name, None))
        except Exception:
            pass  # storing the value says so
    walk.kept.append(found)
    return found


def of_logger(walk, root, one):
    if one.handlers:
        walk.always.add(root)
    return (one.handlers, one.filters)


def of_handler(walk, root, one):
    return [type(one), *(value for name, value in one.__dict__.items() if name != "lock")]


def of_array(walk, root, one):
    numpy = modules["numpy"]
    low, high = memory.bounds(one)
    base = one
    while isinstance(base, numpy.ndarray) and base.base is not None:
        base = base.base
    parts = [] if isinstance(base, numpy.ndarray) else [base]
    if one.dtype.hasobject:
        parts += objects_in(walk, one) if one.dtype.kind == "O" else [one.tolist()]
        if isinstance(base, numpy.ndarray):
            parts.append(base)
        walk.kept.append(parts)
    else:
        walk.spans.append((root, low, high, memory.WRITABLE if one.flags.writeable else memory.READ_ONLY))
    if type(one) is not numpy.ndarray:
        parts.append(type(one))
        parts.append(getattr(one, "__dict__", None))
        parts.append(getattr(one, "_mask", None))
    return parts


def of_generator(walk, root, one):
    return (one.bit_generator if hasattr(one, "bit_generator") else one._bit_generator,)


def of_pandas(walk, root, one):
    manager = object.__getattribute__(one, "_mgr")
    parts = [object.__getattribute__(one, "_attrs"), type(one)]
    if get_dict(type(one)).get("__module__", "").split(".")[0] != "pandas":
        parts.append(object.__getattribute__(one, "__dict__"))
    for block in manager.blocks:
        parts += of_values(walk, root, block.values)
    for axis in manager.axes:  # frames share these, and are not tied by them, but by memory that others write to
        values = object.__getattribute__(axis, "__dict__").get("_data")
        if isinstance(values, modules["numpy"].ndarray) and values.dtype.kind != "O":
            of_values(walk, root, values)
    walk.kept.append(parts)
    return parts


def of_values(walk, root, values):
    """The objects in an array of a frame; its memory is noted."""
    numpy = modules["numpy"]
    if not isinstance(values, numpy.ndarray):
        values = getattr(values, "_ndarray", None)  # other arrays of pandas hold immutable values
    if values is None:
        return ()
    if values.dtype.kind == "O":
        return objects_in(walk, values)
    walk.spans.append((root, *memory.bounds(values), memory.FRAME))
    return ()


def objects_in(walk, array):
    """The objects that are to be followed: most columns of objects have strings only."""
    return walk.without_atoms(array.ravel().tolist())


def of_index(walk, root, one):
    values = object.__getattribute__(one, "__dict__").get("_data")
    return of_values(walk, root, values) if values is not None else ()


def of_arrow(walk, root, one):
    """Notes the memory, which may be an array's."""
    for chunk in chunks_of(one):
        walk.spans += [(root, buffer.address, buffer.address + buffer.size, memory.READ_ONLY)
                       for buffer in chunk.buffers() if buffer is not None]
    return ()


def chunks_of(one):
    columns = one.columns if hasattr(one, "columns") else [one]
    return [chunk for column in columns for chunk in getattr(column, "chunks", [column])]


def of_polars(walk, root, one):
    for column in one.get_columns() if hasattr(one, "get_columns") else [one]:
        if column.dtype.is_numeric() and not column.dtype.is_decimal():
            of_arrow(walk, root, column.to_frame().to_arrow())
    return get_referents(one)


def of_nothing(walk, root, one):
    return ()


HANDLERS = {
    "builtins.builtin_function_or_method": of_builtin,
    "builtins.BaseException": of_exception,
    "weakref.ReferenceType": of_weak_reference,
    "typing.TypeVar": of_type_variable,
    "typing.ParamSpec": of_type_variable,
    "typing.TypeVarTuple": of_type_variable,
    "typing.TypeAliasType": of_type_alias,
    "logging.Logger": of_logger,
    "logging.Handler": of_handler,
    "numpy.ndarray": of_array,
    "numpy.dtype": of_nothing,
    "numpy.random._generator.Generator": of_generator,
    "numpy.random.mtrand.RandomState": of_generator,
    "pandas.DataFrame": of_pandas,
    "pandas.Series": of_pandas,
    "pandas.Index": of_index,
    "pandas.core.frame.DataFrame": of_pandas,
    "pandas.core.series.Series": of_pandas,
    "pandas.core.indexes.base.Index": of_index,
    "polars.dataframe.frame.DataFrame": of_polars,
    "polars.series.series.Series": of_polars,
    "pyarrow.lib.Table": of_arrow,
    "pyarrow.lib.RecordBatch": of_arrow,
    "pyarrow.lib.ChunkedArray": of_arrow,
    "pyarrow.lib.Array": of_arrow,
    "matplotlib.backend_bases.FigureCanvasBase": of_nothing,
    "builtins.code": of_nothing,
    "builtins.method-wrapper": get_referents,
}


def handler_of(kind):
    for base in get_mro(kind):
        handler = HANDLERS.get(name_of(base))
        if handler is not None:
            return handler
    return get_referents
