"""What code has set on modules and classes of libraries, such as a function in place of one of theirs."""
import dis
from sys import modules
from types import MethodType, ModuleType

from . import definitions
from .atoms import get_dict, is_atom, is_library_class, library_module
from .touched import words_of

CO_OPTIMIZED = 1  # set for functions' code: their variables are not those of the namespace
SPARED = frozenset(("sys", "builtins"))  # the kernel sets them itself


class Seen:
    """(module, path of a class in it or "", attribute) of what code may have set."""
    places = set()


def note(codes, namespace):
    words, found = words_of(codes)
    for code in found:
        Seen.places.update(place for place in places_of(code, namespace) if place[0] is not None)
    for name in ACCESSORS.keys() & words if "pandas" in modules else ():
        kind = getattr(modules["pandas"], ACCESSORS[name])
        Seen.places.update(("pandas", ACCESSORS[name], one) for one in kind._accessors if is_of_code(vars(kind).get(one)))


ACCESSORS = {f"register_{kind.lower()}_accessor": kind for kind in ("DataFrame", "Series", "Index")}


def places_of(code, namespace):
    """Where the code may set attributes of libraries; the module is None if it is not known."""
    if STORE_ATTR not in code.co_code[::2]:
        return []
    found, target, imports = [], None, False
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name == "IMPORT_NAME":
            imports = bool(code.co_flags & CO_OPTIMIZED)
        elif name in ("LOAD_NAME", "LOAD_GLOBAL"):
            target = namespace.get(instruction.argval)
        elif name == "LOAD_ATTR":
            target = part_of(target, instruction.argval)
        elif name == "STORE_ATTR":
            place = place_of(target)
            if place is not None:
                found.append((*place, instruction.argval))
            elif imports or type(target) is ModuleType or target is UNKNOWN:
                found.append((None, "", instruction.argval))
        elif name not in ("PUSH_NULL", "CACHE", "EXTENDED_ARG"):
            target = None
    return found


STORE_ATTR = dis.opmap["STORE_ATTR"]
UNKNOWN = object()  # something in a module of a library


def part_of(one, name):
    if type(one) is ModuleType:
        part = vars(one).get(name)
        return part if type(part) is ModuleType or definitions.isinstance_of_type(part) else UNKNOWN
    return UNKNOWN if one is UNKNOWN else None


def place_of(one):
    if type(one) is ModuleType:
        name = vars(one).get("__name__")
        return (name, "") if library_module(name) is one else None
    if one is not None and definitions.isinstance_of_type(one) and is_library_class(one):
        return get_dict(one).get("__module__"), type.__dict__["__qualname__"].__get__(one)
    return None


def target_of(module, path):
    one = modules.get(module)
    for part in path.split(".") if path else ():
        one = getattr(one, part, None)
    return one


def values():
    """{place: what is set there, as a list, which is empty if it is nothing of the code}."""
    found = {}
    for place in sorted(Seen.places):
        module, path, name = place
        variables = getattr(target_of(module, path), "__dict__", {})
        is_set = name in variables and module not in SPARED and is_of_code(variables[name])
        found[place] = [variables[name]] if is_set else []
    return found


def is_of_code(value):
    if type(value) is MethodType:
        value = value.__self__
    if get_dict(type(value)).get("__module__") == "pandas.core.accessor":
        value = value._accessor
    return is_atom(type(value)) or definitions.is_definition(value) or not is_library_class(type(value))


def restore(found):
    """Sets the values; whether there are any."""
    Seen.places.update(found)
    for (module, path, name), value in found.items():
        if value:
            try:
                if module not in modules:
                    __import__(module)
                setattr(target_of(module, path), name, value[0])
            except Exception:
                pass  # another version of the library
    return any(found.values())
