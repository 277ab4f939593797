"""The pickler: objects of the language and of the standard library that plain pickling refuses or gets wrong."""
import builtins
import types
from pickle import Pickler
from types import (
    BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType)

from . import definitions, documents, instances, libraries, rebuild, rebuild_libraries, rebuild_standard, standard
from .atoms import (
    Lost, constants_of, get_dict, get_mro, is_library_class, is_library_function, library_module, lost_reason, name_of)
from .memory import Block

IN_BAND = 16 << 10  # smaller buffers are part of the pickle
BY_NAME = {module.__name__: module for module in (rebuild, rebuild_standard, rebuild_libraries)}
BUILTINS = vars(builtins)
REBUILD = frozenset(id(one) for module in BY_NAME.values() for one in vars(module).values() if type(one) is FunctionType)


# Classes of the interpreter that are not variables of `builtins`, as pickles would have it.
TYPES = {id(kind): name for name, kind in vars(types).items()
         if type(kind) is type and kind.__module__ == "builtins" and getattr(builtins, kind.__name__, None) is not kind}


class Store(Pickler):
    """Pickles the members of one group. What other groups define is referred to by number."""

    def __init__(self, file, namespace, registry, own, lost, blocks):
        self.buffers, self.needs = [], set()
        super().__init__(file, 5, buffer_callback=keeper(self.buffers))
        self.namespace, self.registry, self.own, self.lost, self.blocks = namespace, registry, own, lost, blocks
        self.reducers, self.bare_cells = registry.reducers, set()
        self.kept = {}  # what reductions have made for several objects

    def reducer_override(self, one):
        kind = type(one)
        try:
            reducer = self.reducers[kind]
        except KeyError:
            reducer = self.reducers[kind] = self.reducer_of(kind)
        return reducer(self, one) if reducer is not None else NotImplemented

    def reducer_of(self, kind):
        if kind in KINDS:
            return KINDS[kind]
        reason = lost_reason(kind)
        if reason is not None:
            raise Lost(reason)
        bases = get_mro(kind)
        if type in bases:
            return reduce_class
        for table in standard.REDUCERS, libraries.REDUCERS, documents.REDUCERS:
            for base in bases:
                reducer = table.get(name_of(base))
                if reducer is not None:
                    return or_constant(kind, reducer)
        reducer = instances.reducer_of(kind, bases)
        return or_constant(kind, reducer) if is_library_class(kind) else reducer


def keeper(buffers):
    """Puts large buffers into the list. It is no method: the pickler would refer to itself, and keep all objects alive."""
    def keep(buffer):
        raw = buffer.raw()
        if raw.nbytes < IN_BAND:
            return True
        buffers.append(raw)
        return False
    return keep


class StoreWithNamespace(Store):
    """For groups that hold the namespace itself, as `globals()` gives it, or that of the builtins, which `exec` puts into a
    dict. It is slower: it is asked about each object."""

    def persistent_id(self, one):
        return "namespace" if one is self.namespace else "builtins" if one is BUILTINS else None


def or_constant(kind, reducer):
    """The reducer, except for objects that are variables of their class's library."""
    constants = constants_of(kind)
    if not constants:
        return reducer
    module = get_dict(kind)["__module__"]

    def reduce(store, one):
        name = constants.get(id(one))
        if name is not None:
            return rebuild.constant, (module, name)
        return reducer(store, one) if reducer is not None else NotImplemented
    return reduce


def reduce_class(store, one):
    if id(one) in TYPES:
        return rebuild.constant, ("types", TYPES[id(one)])
    return NotImplemented if is_library_class(one) else reduce_definition(store, one)


def reduce_definition(store, one):
    number = store.registry.find(one)
    if number in store.own:
        if type(one) is FunctionType:
            store.bare_cells.update(map(id, one.__closure__ or ()))
        return definitions.skeleton(one, number, store.namespace)
    if number is not None:
        if number in store.lost:
            raise Lost(store.lost[number])
        store.needs.add(number)
        return rebuild.definition, (number,)
    if type(one) is FunctionType:
        store.bare_cells.update(map(id, one.__closure__ or ()))
        return (*definitions.skeleton(one, None, store.namespace), definitions.function_state(one), None, None,
                rebuild.fill_function)
    number = store.registry.number(one)  # a class that only a value's own reduction mentions
    store.registry.late.add(number)
    store.own.add(number)
    state = definitions.class_state(one)
    return *definitions.skeleton(one, number, store.namespace), state, None, None, rebuild.fill_class


def reduce_function(store, one):
    if id(one) in REBUILD:
        return NotImplemented
    if is_library_function(one):
        is_builtin = getattr(builtins, one.__name__, None) is one
        return (rebuild.constant, ("builtins", one.__name__)) if is_builtin else NotImplemented
    return reduce_definition(store, one)


def reduce_module(store, one):
    if definitions.is_definition(one):
        return reduce_definition(store, one)
    name = vars(one).get("__name__")
    if library_module(name) is one or name == "__main__":
        return rebuild.module, (name,)
    return ModuleType, (name,), definitions.module_state(one), None, None, rebuild.fill_module


def reduce_cell(store, one):
    if id(one) in store.bare_cells:
        return rebuild.cell, ()
    content = [one.cell_contents] if definitions.is_filled(one) else []
    return rebuild.cell, (), content, None, None, rebuild.fill_cell


def reduce_method(store, one):
    function = one.__func__
    if type(function) is not FunctionType or is_library_function(function):
        return NotImplemented
    return MethodType, (function, one.__self__)


KINDS = {
    FunctionType: reduce_function,
    CellType: reduce_cell,
    CodeType: lambda store, one: definitions.reduce_code(one),
    ModuleType: reduce_module,
    MethodType: reduce_method,
    BuiltinFunctionType: None,
    property: lambda store, one: (property, (one.fget, one.fset, one.fdel, one.__doc__)),
    staticmethod: lambda store, one: (staticmethod, (one.__func__,)),
    classmethod: lambda store, one: (classmethod, (one.__func__,)),
    Block: libraries.reduce_block,
    MappingProxyType: standard.reduce_proxy,
}
