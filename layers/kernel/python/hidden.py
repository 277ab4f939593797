"""What is stored besides variables, under names that code cannot bind: modules, settings, and what libraries refer to."""
from sys import modules
from types import ModuleType

from . import process_values
from .atoms import is_user_module, library_module

MODULES, SETTINGS, LOGGERS, FIGURES, LOADED = "\0modules", "\0settings", "\0loggers", "\0figures", "\0loaded"


class Last:
    """The values of the last call: equal ones are the same object again, and count as unchanged."""
    values = {}


def values(named):
    """{hidden name: value}. Removes the names of libraries' modules, which are stored as their modules' names."""
    found = {MODULES: modules_by_name(named), SETTINGS: process_values.changed()}
    Last.values = {name: same_object(value, Last.values.get(name)) for name, value in found.items() if value}
    found = {FIGURES: figures(), LOGGERS: loggers(), LOADED: user_modules()}
    return {**Last.values, **{name: value for name, value in found.items() if value}}


def same_object(value, before):
    try:
        return before if before == value else value
    except Exception:  # the values of some settings cannot be compared
        return value


def modules_by_name(named):
    found = {}
    for name in [name for name, value in named.items() if type(value) is ModuleType]:
        module = vars(named[name]).get("__name__")
        if library_module(module) is named[name] or module == "__main__":
            found[name] = module
            del named[name]
    return found


def figures():
    """The figures that pyplot knows, in its order."""
    helpers = modules.get("matplotlib._pylab_helpers")
    return [manager.canvas.figure for manager in helpers.Gcf.figs.values()] if helpers is not None else []


def loggers():
    """The loggers that code has set up."""
    logging = modules.get("logging")
    if logging is None:
        return []
    known = [logging.root, *(one for one in list(logging.root.manager.loggerDict.values()) if hasattr(one, "handlers"))]
    return [one for one in known if one.handlers and any(is_set_up(handler) for handler in one.handlers)]


def is_set_up(handler):
    """Libraries give their loggers handlers that do nothing."""
    return type(handler).__name__ != "NullHandler"


def user_modules():
    return [module for module in list(modules.values()) if type(module) is ModuleType and is_user_module(module)]
