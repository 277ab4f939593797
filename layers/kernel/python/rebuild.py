"""The functions that stored values name: a new kernel calls them to make the values again."""
from _abc import _abc_init, _abc_register
from abc import ABCMeta
from functools import partial
from gc import get_referents
from sys import modules
from types import CellType, FunctionType, ModuleType

from . import sources
from .atoms import IMMUTABLE_TYPE, Lost, get_flags

__name__ = "_durable"  # under which pickles name these functions; the module can be imported only while one is made

set_type_attribute = type.__setattr__


class Live:
    """The kernel that values are made in."""
    namespace = {}
    registry = None
    kept = []  # definitions, until all data that may refer to them is there
    folder = ""
    imports = True  # a module that is missing is imported


def imported(name):
    """A module that a value needs."""
    if name not in modules:
        if not Live.imports:
            raise Lost("its module is not imported yet")
        __import__(name)
    return modules[name]


def namespace():
    return Live.namespace


def definition(number):
    found = Live.registry.get(number)
    if found is None:
        raise Lost("a function or class that it needs could not be restored")
    return found


def register(number, one):
    if number is not None:
        Live.registry.add(number, one)
        Live.kept.append(one)
    return one


def function(number, code, where, name, closure, source):
    if source is not None:
        sources.restore(code.co_filename, *source)
    variables = where
    if where is None:
        variables = Live.namespace
    elif type(where) is str:
        variables = vars(imported(where))
    return register(number, FunctionType(code, variables, name, None, closure))


def fill_function(function, state):
    (function.__name__, function.__qualname__, function.__module__, function.__doc__, function.__defaults__,
     function.__kwdefaults__, function.__annotations__, parameters, variables, cells) = state
    if parameters:
        function.__type_params__ = parameters
    function.__dict__.update(variables)
    for cell, content in cells:
        fill_cell(cell, content)


def cell():
    return CellType()


def fill_cell(cell, content):
    if content:
        cell.cell_contents, = content


class Shield:
    """First base of a class while it is created, so that the `__init_subclass__` of its other bases does not run again."""
    __slots__ = ()

    def __init_subclass__(cls, **options):
        pass


def skeleton(number, metaclass, name, bases, slots, module, qualname, is_abstract):
    body = {"__module__": module, "__qualname__": qualname}
    if slots is not None:
        body["__slots__"] = slots
    hooked = any("__init_subclass__" in vars(one) for base in bases for one in base.__mro__ if one is not object)
    make = partial(type.__new__, metaclass, name)
    if not hooked:
        made = make(bases, body)
    elif get_flags(bases[0]) & IMMUTABLE_TYPE:
        made = make((Shield, *bases), body)
        type.__dict__["__bases__"].__set__(made, bases)
    else:  # a shield would be of another layout than the first base
        made = without_hook(bases[0], lambda: make(bases, body))
    if is_abstract and issubclass(metaclass, ABCMeta):
        _abc_init(made)
    return register(number, made)


def without_hook(kind, function):
    """Calls the function while the class's `__init_subclass__` does nothing."""
    before = vars(kind).get("__init_subclass__")
    set_type_attribute(kind, "__init_subclass__", vars(Shield)["__init_subclass__"])
    try:
        return function()
    finally:
        if before is None:
            type.__delattr__(kind, "__init_subclass__")
        else:
            set_type_attribute(kind, "__init_subclass__", before)


def fill_class(kind, state):
    for name, value in state.items():
        if name == "__class__":  # setting it would change the class's own class
            get_referents(vars(kind))[0][name] = value
        else:
            set_type_attribute(kind, name, value)


def register_subclasses(kind, classes):
    for one in classes:
        _abc_register(kind, one)


def user_module(number, name, file):
    from importlib.util import spec_from_file_location
    module = ModuleType(name)
    module.__spec__ = spec_from_file_location(name, file)
    module.__loader__ = module.__spec__.loader if module.__spec__ else None
    modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent in modules:
        setattr(modules[parent], child, module)
    return register(number, module)


def fill_module(module, state):
    vars(module).update(state)


def enum_member(kind, base, *content):
    return base.__new__(kind, *content)


def enum_by_name(kind, name):
    return kind._member_map_[name]


def enum_by_value(kind, value):
    return kind(value)


def instance(kind, variables, slots):
    made = object.__new__(kind)
    fill_instance(made, (variables, slots))
    return made


def fill_instance(one, state):
    variables, slots = state
    if variables:
        known = object.__getattribute__(one, "__dict__")
        known.clear()  # for the order: what is simple was set first
        known.update(variables)
    for name, value in slots.items():
        object.__setattr__(one, name, value)


def module(name):
    return imported(name)


def constant(module, name):
    return vars(imported(module))[name]


def exception(kind, args):
    made = kind.__new__(kind, *args)
    made.args = args
    builtin = next(base for base in kind.__mro__ if base.__module__ == "builtins")
    try:
        builtin.__init__(made, *args)
    except Exception:
        pass  # its arguments are set all the same
    return made


def fill_exception(error, state):
    variables, attributes, cause, context, suppress = state
    for name, value in attributes.items():
        try:
            setattr(error, name, value)
        except Exception:
            pass  # it is read-only, and was set from the arguments
    error.__dict__.update(variables)
    error.__cause__, error.__context__, error.__suppress_context__ = cause, context, suppress


def fill_dict(one, state):
    if state:
        one.__dict__.update(state)
