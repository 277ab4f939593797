"""Which objects tie no variables together, which are named by reference, and which can never be stored."""
from sys import modules
from types import NoneType

get_mro = type.__dict__["__mro__"].__get__
get_flags = type.__dict__["__flags__"].__get__
get_dict = type.__dict__["__dict__"].__get__
IMMUTABLE_TYPE, HEAP_TYPE = 1 << 8, 1 << 9  # Py_TPFLAGS_IMMUTABLETYPE, only of classes in C, and Py_TPFLAGS_HEAPTYPE

# Immutable, without references to mutable objects.
NAMES = {
    "builtins": ("bool", "int", "float", "complex", "str", "bytes", "ellipsis", "NotImplementedType", "range"),
    "decimal": ("Decimal",),
    "datetime": ("date", "datetime", "time", "timedelta", "timezone"),
    "zoneinfo": ("ZoneInfo",),
    "re": ("Pattern",),
    "uuid": ("UUID",),
    "fractions": ("Fraction",),
    "pandas": ("Timestamp", "Timedelta"),
}
ATOMS = frozenset((bool, int, float, complex, str, bytes, NoneType, type(...), type(NotImplemented), range))
BY_NAME = frozenset(f"{module}.{name}" for module, names in NAMES.items() for name in names) | {
    "pandas._libs.tslibs.timestamps.Timestamp", "pandas._libs.tslibs.timedeltas.Timedelta", "pandas.api.typing.NaTType",
    "pandas.api.typing.NAType", "pandas._libs.tslibs.nattype.NaTType", "pandas._libs.missing.NAType"}

LOST = {
    "builtins.generator": "a generator",
    "builtins.coroutine": "a coroutine",
    "builtins.async_generator": "an asynchronous generator",
    "builtins.frame": "a stack frame",
    "builtins.traceback": "a traceback",
    "_thread.lock": "a lock",
    "_thread.RLock": "a lock",
    "_thread._local": "a thread-local object",
    "threading.Thread": "a thread",
    "_socket.socket": "a socket",
    "subprocess.Popen": "a process",
    "multiprocessing.process.BaseProcess": "a process",
    "sqlite3.Connection": "a database connection",
    "sqlite3.Cursor": "a database cursor",
    "mmap.mmap": "a memory map",
    "_contextvars.ContextVar": "a context variable",
    "_contextvars.Context": "a context",
    "_contextvars.Token": "a context variable's token",
    "_asyncio.Task": "a task",
    "_asyncio.Future": "a future",
    "asyncio.events.AbstractEventLoop": "an event loop",
    "concurrent.futures._base.Executor": "an executor",
    "concurrent.futures._base.Future": "a future",
    "builtins.PyCapsule": "a handle of a C library",
}

CHANGING = frozenset(("logging.RootLogger",))  # classes of a library's variables that code is meant to change
# Modules that call themselves by a name that may not be imported.
ALIASES = {"collections.abc": "_collections_abc"}


class Lost(Exception):
    """A value cannot be stored. The argument is the reason, for the user."""


def name_of(kind):
    """The class's module and name, whatever its metaclass does."""
    module = get_dict(kind).get("__module__") if get_flags(kind) & HEAP_TYPE else type.__getattribute__(kind, "__module__")
    return f"{module}.{type.__dict__['__qualname__'].__get__(kind)}"


def is_atom(kind):
    return kind in ATOMS or name_of(kind) in BY_NAME


def lost_reason(kind):
    """Why no object of this class can be stored, or None."""
    for base in get_mro(kind):
        what = LOST.get(name_of(base))
        if what is not None:
            return f"{what} cannot be stored"
    return None


class Folder:
    """Modules from here belong to the sandbox, and are stored. All others are libraries."""
    path = ""


def is_user_module(module):
    file = vars(module).get("__file__")
    return type(file) is str and bool(Folder.path) and file.startswith(Folder.path + "/")


def library_module(name):
    """The module if it is one of a library that a new kernel can import, else None."""
    if type(name) is not str or name == "__main__":
        return None
    module = modules.get(name) or modules.get(ALIASES.get(name))
    if module is None or not hasattr(module, "__dict__") or is_user_module(module):
        return None
    return module if vars(module).get("__spec__") is not None else None


def by_reference(one, module, path):
    """Whether a new kernel finds the object in a library's module under this path."""
    found = library_module(module)
    if found is None or type(path) is not str:
        return False
    try:
        for part in path.split("."):
            found = getattr(found, part)
    except BaseException:
        return False
    return found is one


def is_library_class(kind):
    flags = get_flags(kind)
    if not flags & HEAP_TYPE or flags & IMMUTABLE_TYPE:
        return True
    names = get_dict(kind)
    return by_reference(kind, names.get("__module__"), type.__dict__["__qualname__"].__get__(kind))


def is_library_function(one):
    """Also of the harness's functions, some of which replace those of libraries."""
    variables = one.__globals__
    if variables.get("__package__") == __package__:
        return True
    return variables.get("__name__") != "__main__" and by_reference(one, one.__module__, one.__qualname__)


def constants_of(kind):
    """Ids of the instances of a library's class that are variables of that class's module: found again by name."""
    module = library_module(get_dict(kind).get("__module__")) if get_flags(kind) & HEAP_TYPE else None
    if module is None or name_of(kind) in CHANGING:
        return {}
    return {id(value): name for name, value in list(vars(module).items()) if type(value) is kind}


def reason_of(error, what="storing"):
    """Why an error keeps a value from being stored or restored, for the user."""
    if type(error) is Lost:
        return str(error)
    if isinstance(error, RecursionError):
        return f"{what} it failed: it is nested too deeply"
    try:
        text = str(error)
    except BaseException:
        text = ""
    parts = text.split("'")
    if text.startswith("cannot pickle") and len(parts) > 2:
        return f"{'an' if parts[1][:1] in 'aeiouAEIOU' else 'a'} {parts[1]} cannot be stored"
    name = type.__getattribute__(type(error), "__name__")
    return f"{what} it failed: {name}{': ' if text else ''}{text[:200]}"
