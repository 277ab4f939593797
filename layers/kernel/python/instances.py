"""Reductions for objects of classes whose own code must not run, or could not, when they are made again."""
import copyreg
from collections import OrderedDict, defaultdict, deque
from types import FunctionType, MemberDescriptorType

from . import rebuild, rebuild_standard
from .atoms import HEAP_TYPE, get_dict, get_flags, get_mro, is_library_class, name_of

ODD = ("__getattr__", "__getattribute__", "__setattr__", "__class__", "__new__", "__hash__")
CUSTOM = ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__")
SIMPLE = (int, float, str, bytes, bool, type(None))
# Classes of libraries that keep nothing of their own in objects; as do those of `collections.abc`.
NEUTRAL = frozenset(("builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "collections.Counter",
                     "contextlib.ContextDecorator", "contextlib.AbstractContextManager"))
# What an object of a class that extends one of these holds, past the methods of its class.
COLLECTIONS = {
    OrderedDict: lambda one: dict(OrderedDict.items(one)),
    defaultdict: lambda one: dict(dict.items(one)),
    dict: lambda one: dict(dict.items(one)),
    list: lambda one: list.__getitem__(one, slice(None)),
    set: lambda one: list(set.__iter__(one)),
    deque: lambda one: list(deque.__iter__(one)),
    bytearray: lambda one: bytearray.__getitem__(one, slice(None)),
}
VALUES = {
    tuple: lambda one: tuple.__getitem__(one, slice(None)),
    frozenset: lambda one: list(frozenset.__iter__(one)),
    str: str.__str__,
    bytes: lambda one: bytes.__getitem__(one, slice(None)),
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
}


def reducer_of(kind, bases):
    """How to reduce objects of the class, or None if plain pickling does it."""
    if kind in copyreg.dispatch_table:
        return None
    if any(name_of(base) == "enum.Enum" for base in bases):
        return None if is_library_class(kind) else reduce_enum_member
    if is_library_class(kind):
        return reducer_of_library(kind, bases)
    base = next((base for base in bases if base in COLLECTIONS or base in VALUES), object)
    users = [get_dict(one) for one in bases if not is_library_class(one)]
    if any(is_own(names.get(name)) for names in users for name in CUSTOM):
        return None
    if any(is_library_class(one) and one not in get_mro(base) and not is_neutral(one) for one in bases):
        return reduce_by_library
    if base is not object:
        return reduce_collection if base in COLLECTIONS else reduce_value
    return reduce_odd_instance if any(names.get(name) is not None for names in users for name in ODD) else None


def is_neutral(kind):
    name = name_of(kind)
    return name in NEUTRAL or name.startswith("collections.abc.")


def is_own(method):
    """Whether a class's method is code that it has written, and not of `dataclasses` or a named tuple's."""
    module = getattr(method, "__module__", "dataclasses")
    return not (type(module) is str and (module == "dataclasses" or module.startswith("namedtuple_")))


def reducer_of_library(kind, bases):
    """For the few that plain pickling stores, but cannot make again."""
    inner = [get_dict(base) for base in bases if base is not object and base is not defaultdict and base is not dict]
    if any(name in names for names in inner for name in CUSTOM):
        return None
    if defaultdict in bases:
        return reduce_collection if kind is not defaultdict else None
    new = next((names["__new__"] for names in inner if "__new__" in names), None)
    function = new.__func__ if type(new) is staticmethod else None
    needed = function.__code__.co_argcount - len(function.__defaults__ or ()) if type(function) is FunctionType else 1
    is_plain = all(base is object or get_flags(base) & HEAP_TYPE for base in bases)
    return reduce_odd_instance if needed > 1 and is_plain else None


def attributes_of(one, of_libraries=True):
    """(variables, values of slots), also of libraries' classes."""
    kind = type(one)
    try:
        variables = dict(object.__getattribute__(one, "__dict__"))
    except AttributeError:
        variables = {}
    slots = {}
    for base in get_mro(kind):
        if is_library_class(base) and (not of_libraries or base.__module__ in ("builtins", "collections")):
            continue
        for name, member in get_dict(base).items():
            if type(member) is MemberDescriptorType:
                try:
                    slots[name] = member.__get__(one, kind)
                except AttributeError:
                    pass  # it is not set
    return variables, slots


def simple(values):
    return {name: value for name, value in values.items() if type(value) in SIMPLE}


def reduce_odd_instance(store, one):
    """What is simple is set first: it may be needed for the object's hash, and the rest may hold a dict with it as a key."""
    variables, slots = attributes_of(one)
    first, first_slots = simple(variables), simple(slots)
    rest = variables if len(first) < len(variables) else {}, {
        name: value for name, value in slots.items() if name not in first_slots}
    return rebuild.instance, (type(one), first, first_slots), rest if any(rest) else None, None, None, rebuild.fill_instance


def reduce_collection(store, one):
    kind = type(one)
    base = next(base for base in get_mro(kind) if base in COLLECTIONS)
    options = one.default_factory if base is defaultdict else one.maxlen if base is deque else None
    variables, slots = attributes_of(one)
    state = base, COLLECTIONS[base](one), options, variables, slots
    first = simple(variables), simple(slots)
    return rebuild_standard.collection, (kind, base, *first), state, None, None, rebuild_standard.fill_collection


def reduce_value(store, one):
    kind = type(one)
    base = next(base for base in get_mro(kind) if base in VALUES)
    state = attributes_of(one)
    return rebuild_standard.value, (kind, base, VALUES[base](one)), state if any(state) else None, \
        None, None, rebuild.fill_instance


def reduce_by_library(store, one):
    """As the library's class says, which knows nothing of the arguments and attributes of a class that extends it."""
    kind = type(one)
    reduction = one.__reduce_ex__(5)
    if type(reduction) is not tuple or len(reduction) < 2 or type(reduction[1]) is not tuple:
        return reduction
    function, arguments, *rest = reduction
    if function is copyreg.__newobj__ and arguments[:1] == (kind,):
        arguments = arguments[1:]
    elif function is not kind:
        return reduction
    base = next(base for base in get_mro(kind) if is_library_class(base) and not is_neutral(base))
    make = rebuild_standard.by_library, (kind, base, arguments, function is kind)
    if function is not kind:
        return *make, *rest
    state, *items = *rest, *(None, None, None)[len(rest):]
    return *make, (attributes_of(one, False), state), *items, rebuild_standard.fill_by_library


def reduce_enum_member(store, one):
    kind = type(one)
    name, value = one.__dict__.get("_name_"), one.__dict__.get("_value_")
    if store.registry.find(kind) in store.own:
        return rebuild.enum_member, (kind, *value_of_member(kind, one)), dict(one.__dict__), None, None, rebuild.fill_dict
    if name in kind._member_map_:
        return rebuild.enum_by_name, (kind, name)
    return rebuild.enum_by_value, (kind, value)


def value_of_member(kind, one):
    """(class whose `__new__` makes an enum's member, its arguments)."""
    for base in get_mro(kind):
        if base in VALUES:
            return base, VALUES[base](one)
    mixed = kind._member_type_
    return (mixed, *mixed.__reduce__(one)[1]) if mixed is not object and is_library_class(mixed) else (object,)
