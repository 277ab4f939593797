"""Which objects a call may have changed: those that it can reach from the names in its code."""
import re
from gc import get_referents
from sys import base_prefix
from types import CodeType, FunctionType, ModuleType, NoneType

WORD = re.compile(r"[^\W\d]\w*")
# With one of these, code can reach names that are not written in it.
FAR_REACHING = frozenset((
    "exec", "eval", "globals", "locals", "vars", "gc", "inspect", "modules", "__import__", "__main__", "__dict__",
    "__globals__", "f_globals", "f_locals", "_getframe", "currentframe", "settrace", "ctypes", "runpy",
))
ATOMS = frozenset((int, float, complex, bool, str, bytes, NoneType, type(...), type(len), type(str.join)))
MAX_OBJECTS = 20_000
LIBRARY_FOLDERS = [base_prefix]  # the zygote adds the folder of the packages


class Unknown(Exception):
    """Finding out is impossible or takes too long: any object may have been changed."""


def touched(codes, namespace, is_frame):
    """Ids of the frames that the code may have changed; None when it may be any. `is_frame` takes a class."""
    try:
        walk = Walk(namespace, is_frame)
        walk.follow([namespace[name] for name in walk.names(codes)])
        return walk.found
    except Unknown:
        return None


class Last:
    """The code that was scanned last: several parts of a call ask for the words of the call's own code."""
    codes = found = None


def words_of(codes):
    """The words in code objects, in their inner functions and in their strings; and all of these code objects."""
    if codes is not Last.codes:
        Last.codes, Last.found = codes, scan(codes)
    return Last.found


def scan(codes):
    words, found, waiting = set(), [], list(codes)
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is CodeType:
            found.append(one)
            words.update(one.co_names)
            waiting += one.co_consts
        elif kind is tuple or kind is frozenset:
            waiting += one
        elif kind is str:
            words.update(WORD.findall(one))
    return words, found


class Walk:
    def __init__(self, namespace, is_frame):
        self.namespace, self.is_frame = namespace, is_frame
        self.found, self.seen = set(), set()

    def names(self, codes):
        """The top-level names that are in the code, in its inner functions and in its strings."""
        words, _ = words_of(codes)
        if not FAR_REACHING.isdisjoint(words):
            raise Unknown
        return words & self.namespace.keys()

    def follow(self, waiting):
        while waiting:
            one = waiting.pop()
            kind = type(one)
            if kind in ATOMS or id(one) in self.seen:
                continue
            self.seen.add(id(one))
            if len(self.seen) > MAX_OBJECTS or one is self.namespace:
                raise Unknown
            if self.is_frame(kind):
                self.found.add(id(one))
            elif kind is ModuleType:
                self.check_library(one.__dict__)
            elif kind is FunctionType:
                waiting += self.of_function(one)
            elif kind is CodeType:
                waiting += [self.namespace[name] for name in self.names([one])]
            elif isinstance(one, type):
                if type.__dict__["__dict__"].__get__(one).get("__module__") == "__main__":
                    waiting += get_referents(one)
            else:
                waiting += get_referents(one)

    def of_function(self, function):
        parts = [function.__closure__, function.__defaults__, function.__kwdefaults__, function.__dict__]
        if function.__globals__ is self.namespace:
            return [*parts, function.__code__]
        self.check_library(function.__globals__)
        return parts

    @staticmethod
    def check_library(variables):
        """Refuses modules of the sandbox, which may refer to any object. Modules of libraries refer to none of its objects."""
        file = variables.get("__file__")
        if type(file) is str and not file.startswith(tuple(LIBRARY_FOLDERS)):
            raise Unknown
