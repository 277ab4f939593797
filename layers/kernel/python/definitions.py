"""Functions and classes that no library has: they are stored by value, and data refers to each by a number of its own."""
from _abc import _get_dump
from sys import modules
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from weakref import ref

from . import rebuild, sources
from .atoms import get_dict, get_mro, is_library_class, is_library_function, is_user_module, name_of

# Made by the class statement itself, or a cache.
MADE = frozenset(("__dict__", "__weakref__", "__slotnames__", "_abc_impl", "__slots__"))
PLAIN = (int, str, float, bool, bytes, type(None), FunctionType, staticmethod, classmethod, property)
SPARED = frozenset(("__builtins__", "__loader__", "__spec__", "__cached__"))
CODE_FIELDS = (
    "argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags", "code", "consts", "names", "varnames",
    "filename", "name", "qualname", "firstlineno", "linetable", "exceptiontable", "freevars", "cellvars")


class Registry:
    """Numbers of the definitions that are in some group. It does not keep them alive."""

    def __init__(self):
        self.numbers, self.references, self.last = {}, {}, 0
        self.reducers = {}  # of classes, during one checkpoint
        self.late = set()  # classes that only values' own reductions mention

    def find(self, one):
        """The definition's number, or None."""
        number = self.numbers.get(id(one))
        return number if number is not None and self.references[number]() is one else None

    def number(self, one):
        number = self.find(one)
        if number is None:
            number = self.last + 1
            self.add(number, one)
        return number

    def add(self, number, one):
        self.numbers[id(one)], self.references[number] = number, ref(one)
        self.last = max(self.last, number)

    def get(self, number):
        """The definition, or None."""
        return self.references.get(number, type(None))()

    def keep(self, numbers):
        kept = {number: self.references[number] for number in numbers | self.late if self.get(number) is not None}
        self.references, self.numbers = kept, {id(reference()): number for number, reference in kept.items()}


def is_definition(one):
    """Whether a value that a name is bound to, or a class, is a definition."""
    if type(one) is FunctionType:
        return not is_library_function(one)
    if isinstance_of_type(one):
        return not is_library_class(one)
    return type(one) is ModuleType and is_user_module(one)


def isinstance_of_type(one):
    return type in get_mro(type(one))


def functions_of(kind):
    """The functions in a class's body."""
    for value in list(get_dict(kind).values()):
        if type(value) is FunctionType:
            yield value
        elif type(value) in (staticmethod, classmethod):
            value = value.__func__
            if type(value) is FunctionType:
                yield value
        elif type(value) is property:
            yield from (part for part in (value.fget, value.fset, value.fdel) if type(part) is FunctionType)


def class_state(kind):
    """What is in a class besides what creating it makes."""
    return {name: value for name, value in list(get_dict(kind).items())
            if name not in MADE and type(value) not in (MemberDescriptorType, GetSetDescriptorType)}


def registered_classes(kind):
    """The classes that an abstract class has been told of."""
    if "_abc_impl" not in get_dict(kind):
        return []
    found = [reference() for reference in _get_dump(kind)[0]]
    return sorted((one for one in found if one is not None), key=name_of)


def module_state(module):
    return {name: value for name, value in list(vars(module).items()) if name not in SPARED}


def function_state(function):
    """All that a function has besides its code and its variables' cells, and what those hold."""
    cells = [(cell, [cell.cell_contents] if is_filled(cell) else []) for cell in function.__closure__ or ()]
    return (function.__name__, function.__qualname__, function.__module__, function.__doc__, function.__defaults__,
            function.__kwdefaults__, annotations_of(function), getattr(function, "__type_params__", ()),
            dict(function.__dict__), cells)


def annotations_of(function):
    try:
        return dict(function.__annotations__)
    except Exception:  # annotations that are computed late may raise
        return {}


def is_filled(cell):
    try:
        cell.cell_contents
    except ValueError:
        return False
    return True


def where(function, namespace):
    """Which dict a function's globals are: None for the namespace, a module's name, or the dict itself."""
    variables = function.__globals__
    if variables is namespace:
        return None
    name = variables.get("__name__")
    module = modules.get(name) if type(name) is str else None
    return name if module is not None and getattr(module, "__dict__", None) is variables else variables


def skeleton(one, number, namespace):
    """Reduces a definition to something without its state, which may refer to any other definition."""
    if type(one) is FunctionType:
        return rebuild.function, (
            number, one.__code__, where(one, namespace), one.__name__, one.__closure__, sources.of_code(one.__code__))
    if type(one) is ModuleType:
        variables = vars(one)
        return rebuild.user_module, (number, variables["__name__"], variables["__file__"])
    names = get_dict(one)
    return rebuild.skeleton, (
        number, type(one), type.__dict__["__name__"].__get__(one), type.__dict__["__bases__"].__get__(one),
        names.get("__slots__"), names.get("__module__"), type.__dict__["__qualname__"].__get__(one), "_abc_impl" in names)


def fills(definitions):
    """(function of `rebuild`, arguments) that complete the definitions, in an order in which each works."""
    early, late, functions = [], [], []
    for one in definitions:
        if type(one) is FunctionType:
            functions.append((rebuild.fill_function, (one, function_state(one))))
        elif type(one) is ModuleType:
            late.append((rebuild.fill_module, (one, module_state(one))))
        else:
            state = class_state(one)
            plain = {name: value for name, value in state.items() if type(value) in PLAIN}
            early.append((rebuild.fill_class, (one, plain)))
            rest = {name: value for name, value in state.items() if name not in plain}
            late.append((rebuild.fill_class, (one, rest)))
            registered = registered_classes(one)
            if registered:
                late.append((rebuild.register_subclasses, (one, registered)))
    return early + functions + late


def bases_first(definitions):
    """Sorts definitions so that a class comes after its bases and its metaclass."""
    return sorted(definitions, key=depth)


def depth(one):
    if not isinstance_of_type(one):
        return 0
    return 1 + max((depth(base) for base in type.__dict__["__bases__"].__get__(one) if base is not object),
                   default=0) + (depth(type(one)) if type(one) is not type else 0)


def code_fields(code):
    return tuple(getattr(code, f"co_{field}") for field in CODE_FIELDS)


def reduce_code(code):
    return CodeType, code_fields(code)
