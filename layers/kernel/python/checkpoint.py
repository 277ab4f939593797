"""After each call: the variables as pickles, by groups, and which of the groups have changed."""
import io
from gc import disable, enable, isenabled
from sys import getrecursionlimit, modules, setrecursionlimit
from types import ModuleType

from . import definitions, native, process_values, rebuild, rebuild_libraries
from .atoms import Folder, Lost, is_user_module, library_module, lost_reason
from .groups import Walk, sort
from .memory import Blocks
from .reducers import Store, StoreWithNamespace

MODULES = "modules"
ATTEMPTS = 3  # threads may change a value while it is pickled


class Audit:
    """For tests: everything is pickled, and a change that the analysis did not expect raises AssertionError."""
    on = False


class State:
    """What this kernel has given out or restored."""
    registry = definitions.Registry()
    number_of, hashes = {}, {}  # by the members of a group: its number and the hash of its pickle
    members = {}  # number of a group: numbers of its definitions
    last = 0
    seen_modules = 0


def forget():
    """Begins anew: nothing has been given out."""
    State.registry = definitions.Registry()
    State.number_of, State.hashes, State.members, State.last = {}, {}, {}, 0


def hash_of(pickle, buffers):
    parts = [native.hash_bytes(pickle)]
    parts += [(len(buffer), native.hash_bytes(buffer)) for buffer in buffers]
    return tuple(parts)


def take(namespace, codes):
    """The groups that exist now and the names whose values cannot be stored."""
    was_enabled, limit = isenabled(), getrecursionlimit()
    disable()  # a collection during the walk would visit each object again
    setrecursionlimit(max(limit, 3000))
    modules.update(REBUILD)
    try:
        return Checkpoint(namespace).run()
    finally:
        for name in REBUILD:
            modules.pop(name, None)
        setrecursionlimit(limit)
        if was_enabled:
            enable()


REBUILD = {module.__name__: module for module in (ModuleType("_durable"), ModuleType("_durable_libraries"))}
for name, functions in ("_durable", rebuild), ("_durable_libraries", rebuild_libraries):
    REBUILD[name].__dict__.update(vars(functions))


class Checkpoint:
    """One checkpoint."""

    def __init__(self, namespace):
        self.namespace, self.registry = namespace, State.registry
        self.groups, self.lost, self.lost_definitions, self.hashes = [], {}, {}, {}
        self.links = []  # for each group: numbers of its definitions, and of those that it needs

    def run(self):
        values, modules_by_name = self.sort_names()
        walk = Walk(self.namespace, values)
        found = walk.run(user_modules())
        self.registry.keep({self.registry.number(one) for group in found for one in group.definitions})
        if modules_by_name:
            self.give(("", MODULES), sorted(modules_by_name), MODULES, *plain(modules_by_name), set())
        state = process_values.changed()
        if state:
            self.give(("", "process"), [], "data", *self.pickled(Members({"": state}, [], [], Blocks([])), set()), set())
        store = StoreWithNamespace if walk.has_namespace else Store
        for group in found:
            self.add(group, store)
        State.hashes = self.hashes
        return {"groups": self.in_order(), "lost": self.lost}

    def in_order(self):
        """The groups, each after those that it needs: an object's own reduction may name definitions nobody else refers to."""
        place_of = {number: place for place, (numbers, _) in enumerate(self.links) for number in numbers}
        needs = {place: {place_of[number] for number in needs if number in place_of} for place, (_, needs) in
                 enumerate(self.links)}
        if all(other < place for place, others in needs.items() for other in others):
            return self.groups
        order, rest = sort(needs)
        return [self.groups[place] for place in [*order, *(needs.keys() - set(order))]]

    def sort_names(self):
        """(values by name, names of modules by name). Values that are lost whatever they hold are left out."""
        values, modules_by_name = {}, {}
        for name, value in list(self.namespace.items()):  # a copy: threads may bind names meanwhile
            if type(name) is not str or name.startswith("__") and name.endswith("__"):
                continue
            reason = lost_reason(type(value))
            if reason is not None:
                self.lost[name] = reason
            elif type(value) is ModuleType and (library_module(vars(value).get("__name__")) is value
                                                or value is modules.get("__main__")):
                modules_by_name[name] = vars(value)["__name__"]
            else:
                values[name] = value
        return values, modules_by_name

    def add(self, group, store):
        members = Members(group.names, definitions.bases_first(group.definitions), group.prelude, Blocks(group.spans))
        numbers = {self.registry.number(one) for one in members.definitions}
        try:
            result = self.pickled(members, numbers, store)
        except BaseException as error:
            members, numbers = self.without_lost(members, numbers, store, error)
            if not members.names and not members.definitions:
                return
            try:
                result = self.pickled(members, numbers, store)
            except BaseException as error:
                self.lose(members, reason_of(error))
                return
        kind = "definitions" if members.definitions else "data"
        names = sorted(members.names)
        self.give((*names, *sorted(numbers)) if not names else tuple(names), names, kind, *result, numbers)

    def pickled(self, members, numbers, store=Store):
        for attempt in range(ATTEMPTS):
            file = io.BytesIO()
            pickler = store(file, self.namespace, self.registry, set(numbers), self.lost_definitions, members.blocks)
            try:
                pickler.dump(members.payload(self.registry))
                return file.getvalue(), pickler.buffers, pickler.needs
            except RuntimeError as error:
                if isinstance(error, RecursionError) or attempt == ATTEMPTS - 1:
                    raise

    def without_lost(self, members, numbers, store, error):
        """The members without those that cannot be stored, which become lost."""
        if len(members.names) + len(members.definitions) == 1:
            self.lose(members, reason_of(error))
            return Members({}, [], [], members.blocks), set()
        kept_definitions, kept_names = [], {}
        for one in members.definitions:
            part = Members({}, [one], members.prelude, members.blocks)
            if self.can_store(part, numbers, store):
                kept_definitions.append(one)
        kept_numbers = {self.registry.number(one) for one in kept_definitions}
        for name, value in members.names.items():
            part = Members({name: value}, [], members.prelude, members.blocks)
            if self.can_store(part, kept_numbers, store):
                kept_names[name] = value
        return Members(kept_names, kept_definitions, members.prelude, members.blocks), kept_numbers

    def can_store(self, part, numbers, store):
        try:
            self.pickled(part, numbers, store)
            return True
        except BaseException as error:
            self.lose(part, reason_of(error))
            return False

    def lose(self, members, reason):
        for name in members.names:
            self.lost[name] = reason
        for one in members.definitions:
            self.lost_definitions[self.registry.number(one)] = reason

    def give(self, key, names, kind, pickle, buffers, needs, numbers):
        number = State.number_of.get(key)
        if number is None:
            State.last += 1
            number = State.number_of[key] = State.last
        content = hash_of(pickle, buffers)
        same = State.hashes.get(key) == content
        self.hashes[key] = content
        self.links.append((numbers, needs))
        self.groups.append({"id": number, "names": names, "kind": kind, "pickle": None if same else pickle,
                            "buffers": [] if same else buffers})


class Members:
    """What is pickled together."""

    def __init__(self, names, definitions, prelude, blocks):
        self.names, self.definitions, self.prelude, self.blocks = names, definitions, prelude, blocks

    def payload(self, registry):
        """The tuple to pickle. Its parts are made in this order: definitions without, then with their state, then data."""
        if not self.definitions:
            return self.prelude, [], [], self.names
        fills = [Call(*fill) for fill in definitions.fills(self.definitions)]
        return self.prelude, list(self.definitions), fills, self.names


class Call:
    """Calls a function when it is unpickled."""

    def __init__(self, function, arguments):
        self.reduction = function, arguments

    def __reduce__(self):
        return self.reduction


def plain(value):
    file = io.BytesIO()
    Store(file, {}, State.registry, set(), {}, Blocks([])).dump(value)
    return file.getvalue(), [], set()


def user_modules():
    """Modules of the working folder that are loaded: their variables are stored, too."""
    return [module for module in list(modules.values()) if type(module) is ModuleType and is_user_module(module)] \
        if Folder.path else []


def reason_of(error):
    if type(error) is Lost or type(error) is rebuild.Lost:
        return str(error)
    if isinstance(error, RecursionError):
        return "it is nested too deeply to be stored"
    try:
        text = str(error)
    except BaseException:
        text = ""
    what = text.removeprefix("cannot pickle ").split("'")
    if text.startswith("cannot pickle") and len(what) > 2:
        return f"{article(what[1])} {what[1]} cannot be stored"
    return f"storing it failed: {type.__getattribute__(type(error), '__name__')}{': ' if text else ''}{text[:200]}"


def article(name):
    return "an" if name[:1].lower() in "aeiou" else "a"
