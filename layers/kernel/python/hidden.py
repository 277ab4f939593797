"""What is stored besides variables, under names that code cannot bind: modules, settings, and what libraries refer to."""
from sys import modules
from types import ModuleType

from . import patches, process_values
from .atoms import is_user_module, library_module
from .touched import words_of

MODULES, SETTINGS, LOGGERS = "\0modules", "\0settings", "\0loggers"
FIGURES, LOADED, PATCHES = "\0figures", "\0loaded", "\0patches"


class Last:
    """What was found after the last call: equal values are the same object again, and count as unchanged."""
    values = {}
    imports = set()
    modules, own = set(), set()  # names of the modules that were loaded, and of those in the working folder
    newest = None  # the name that was added last


def values(named):
    """{hidden name: value}. Removes the names of libraries' modules, which are stored as their modules' names."""
    found = {MODULES: modules_by_name(named), SETTINGS: process_values.changed()}
    Last.values = {name: same_object(value, Last.values.get(name)) for name, value in found.items() if value}
    found = {FIGURES: figures(), LOGGERS: loggers(), LOADED: user_modules(), PATCHES: patches.values()}
    return {**Last.values, **{name: value for name, value in found.items() if value}}


def same_object(value, before):
    try:
        return before if before == value else value
    except Exception:  # the values of some settings cannot be compared
        return value


def modules_by_name(named):
    """(names of modules by variables, modules inside those that code has imported by their whole names), or None."""
    found = {}
    for name in [name for name, value in named.items() if type(value) is ModuleType]:
        module = vars(named[name]).get("__name__")
        if library_module(module) is named[name] or module == "__main__":
            found[name] = module
            del named[name]
    bound = set(found.values())
    inner = sorted(name for name in Last.imports if name.split(".")[0] in bound)
    return (found, inner) if found else None


def note_imports(codes):
    """Notes modules that the code imports by their whole names: `import a.b` binds `a`, which need not have `b` otherwise."""
    for code in words_of(codes)[1]:
        Last.imports.update(name for name in code.co_names if "." in name and name in modules)


def figures():
    """(figure, its number, its label) for those that pyplot knows, in its order."""
    helpers = modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return []
    return [(one.canvas.figure, one.num, one.canvas.figure.get_label()) for one in helpers.Gcf.figs.values()]


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


def note_modules():
    """Notes the modules that are loaded as known. A zygote and a new kernel have none of the working folder."""
    if are_new():
        Last.modules, Last.newest = set(modules), next(reversed(modules))


def are_new():
    return (len(modules), next(reversed(modules))) != (len(Last.modules), Last.newest)


def user_modules():
    """The loaded modules of the working folder."""
    if are_new():
        for name in modules.keys() - Last.modules:
            if type(modules[name]) is ModuleType and is_user_module(modules[name]):
                Last.own.add(name)
        note_modules()
    return [modules[name] for name in sorted(Last.own) if type(modules.get(name)) is ModuleType]
