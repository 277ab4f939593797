"""Which variables share mutable objects: they form a group, which is stored and restored as a whole."""
import builtins
from gc import get_referents
from types import FunctionType, ModuleType

from . import arrange, definitions, edges, memory
from .atoms import constants_of, get_mro, is_atom, is_library_class, is_library_function, lost_reason, reason_of
from .native import kinds_in

BUILTINS = vars(builtins)
MANY = 64  # values in one container
# Owners of what ties no roots together. There is one empty tuple and one empty frozenset, which everybody uses.
NAMESPACE, NOBODY = -1, -2


class Walk:
    """Follows references from the variables and the definitions. Each of those is a root; sharing an object joins roots."""

    def __init__(self, namespace, values):
        self.namespace, self.values = namespace, values
        self.parent, self.objects, self.is_definition = [], [], []
        self.root_of_name, self.root_of_definition = {}, {}
        self.owner = {id(namespace): NAMESPACE, id(BUILTINS): NAMESPACE, id(()): NOBODY, id(frozenset()): NOBODY}
        self.needs, self.spans, self.preludes, self.kept = set(), [], [], []
        self.handlers, self.classes, self.references, self.waiting = {}, {}, {}, []
        self.atoms = set()  # classes whose objects are not followed
        self.codes, self.always = [], set()  # code of functions; roots that code may change without naming them
        self.broken = {}
        self.known, self.known_needs = {}, []  # numbers by ids of definitions of groups that are not walked
        self.has_namespace = False

    def run(self, extra=()):
        """The groups, in the order in which they can be restored. `extra` are definitions without a name."""
        for name, value in self.values.items():
            if definitions.is_definition(value) and id(value) not in self.known:
                self.root_of_name[name] = self.define(value)
        for one in extra:
            self.define(one)
        self.follow_waiting()
        for name, value in self.values.items():
            if name not in self.root_of_name:
                self.root_of_name[name] = root = self.add_root(value, False)
                self.try_to_follow(root, [value], name)
        memory.join_overlapping(self.spans, self.join)
        return arrange.ordered(self)

    def try_to_follow(self, root, waiting, name):
        try:
            self.follow(root, waiting)
            self.follow_waiting()
        except KeyboardInterrupt:
            raise  # there is no more time
        except BaseException as error:
            self.broken[name] = reason_of(error)

    def add_root(self, one, is_definition):
        self.parent.append(len(self.parent))
        self.objects.append(one)
        self.is_definition.append(is_definition)
        return len(self.parent) - 1

    def define(self, one):
        root = self.root_of_definition.get(id(one))
        if root is None:
            root = self.root_of_definition[id(one)] = self.add_root(one, True)
            if id(one) in self.owner:
                self.join(root, self.owner.pop(id(one)))
            self.waiting.append(root)
        return root

    def follow_waiting(self):
        while self.waiting:
            root = self.waiting.pop()
            one = self.objects[root]
            self.follow(root, edges.of_definition(self, root, one))

    def find(self, root):
        parent = self.parent
        while parent[root] != root:
            parent[root] = root = parent[parent[root]]
        return root

    def join(self, one, other):
        one, other = self.find(one), self.find(other)
        if one != other:
            self.parent[max(one, other)] = min(one, other)

    def follow(self, root, waiting):
        owner, handlers, atoms, met = self.owner, self.handlers, self.atoms, set()
        while waiting:
            one = waiting.pop()
            kind = type(one)
            if kind in atoms:
                continue
            handler = handlers.get(kind) or self.handler(kind)
            if handler is None:
                continue
            key = id(one)
            if handler is of_class:
                if key not in met:
                    met.add(key)
                    of_class(self, root, one)
                continue
            other = owner.get(key)
            if other is not None:
                if other >= 0:
                    if other != root:
                        self.join(other, root)
                elif other == NAMESPACE:
                    self.has_namespace = True
                continue
            if handler is get_referents:
                owner[key] = root
                found = one if kind is list or kind is tuple else get_referents(one)
            else:
                found = handler(self, root, one)
            if found:
                waiting += self.without_atoms(found)

    def without_atoms(self, found):
        """Those of the values that are to be followed."""
        atoms = self.atoms
        if len(found) >= MANY:
            kinds = kinds_in(found)
            for kind in kinds - atoms:
                self.handler(kind)
            if kinds <= atoms:
                return ()
        return [one for one in found if type(one) not in atoms]

    def handler(self, kind):
        """What finds the referents of objects of this class; None if they are not followed."""
        if kind not in self.handlers:
            self.handlers[kind] = handler = self.handler_of(kind)
            if handler is None:
                self.atoms.add(kind)
        return self.handlers[kind]

    def handler_of(self, kind):
        if is_atom(kind) or lost_reason(kind):
            return None
        if kind is FunctionType:
            return of_function
        if type in get_mro(kind):
            return of_class
        if kind is ModuleType:
            return of_module
        handler = edges.handler_of(kind)
        constants = constants_of(kind)
        if constants:
            return unless_constant(constants, handler)
        return handler if handler is get_referents else owned(handler)

    def refer(self, root, one):
        """Notes that the root refers to a definition. Definitions that refer to each other are one group."""
        if id(one) in self.known:
            self.known_needs.append((root, self.known[id(one)]))
            return ()
        other = self.define(one)
        if self.is_definition[root]:
            self.join(root, other)
        else:
            self.needs.add((root, other))
        return ()


def owned(handler):
    def follow(walk, root, one):
        walk.owner[id(one)] = root
        return handler(walk, root, one)
    return follow


def unless_constant(constants, handler):
    def follow(walk, root, one):
        if id(one) in constants:
            return ()
        walk.owner[id(one)] = root
        return get_referents(one) if handler is get_referents else handler(walk, root, one)
    return follow


def of_function(walk, root, one):
    if id(one) in walk.root_of_definition or id(one) in walk.known:
        return walk.refer(root, one)
    if is_library_function(one):
        return ()
    walk.owner[id(one)] = root
    return edges.of_function(walk, root, one)


def of_class(walk, root, one):
    is_library = walk.classes.get(one)
    if is_library is None:
        is_library = walk.classes[one] = is_library_class(one)
    return () if is_library else walk.refer(root, one)


def of_module(walk, root, one):
    return walk.refer(root, one) if definitions.is_definition(one) else ()
