"""After each call: the variables as pickles, by groups, and which of the groups have changed."""
from gc import collect, disable, enable, isenabled
from operator import is_
from sys import getrecursionlimit, modules, setrecursionlimit
from types import ModuleType

from . import definitions, hidden, index, late, patches, process_values, reach
from .arrange import alive, audit, in_order, lost_numbers
from .atoms import Folder, lost_reason, reason_of
from .given_out import State, hash_of, key_of, nothing, told, unloaded
from .groups import Walk
from .interrupt import Limit
from .late import as_they_were, is_late, too_long
from .lost_names import variables
from .memory import Blocks
from .reach import HIDDEN, Record, reached, words_of
from .reducers import BY_NAME, Store, StoreWithNamespace
from .store import Members, lost_members, pickled
from .unloaded import drop

SMALL = 4096  # bytes
SMALL_AT_ONCE = 32  # small groups that are compared though the call did not reach them: against holes in the analysis
DEPTH = 3000  # of recursion while pickling


class Audit:
    """A check of the analysis: everything is pickled at each checkpoint."""
    on = False
    missed = []  # names of values that have changed though the last call did not reach them


def begin(folder):
    """Called in a new kernel, before `restore.load`. `folder` is the working folder of the sandbox."""
    Folder.path = folder
    process_values.begin()
    hidden.note_modules()
    reach.begin()


def take(namespace, codes):
    """The groups that exist now and the names whose values cannot be stored; None when all is as it was."""
    was_enabled, limit = isenabled(), getrecursionlimit()
    if Audit.on:
        collect()  # weak references to what is garbage would change at any time
    disable()  # a collection during the walk would visit each object again
    process_values.Recursion.limit = limit
    setrecursionlimit(DEPTH)
    modules.update(REBUILD)
    try:
        return Checkpoint(namespace).run(codes)
    except Exception as error:
        if Audit.on:
            raise
        return nothing(namespace, reason_of(error))
    finally:
        for name in REBUILD:
            modules.pop(name, None)
        setrecursionlimit(limit)
        if was_enabled:
            enable()


def module_of(functions):
    module = ModuleType(functions.__name__)
    vars(module).update(vars(functions))
    return module


# Plain pickling looks the functions up in sys.modules.
REBUILD = {name: module_of(functions) for name, functions in BY_NAME.items()}


class Checkpoint:
    """One checkpoint."""

    def __init__(self, namespace):
        self.namespace, self.registry, self.lost, self.dropped = namespace, State.registry, {}, []

    def run(self, codes):
        Audit.missed = []
        hidden.note_imports(codes)
        patches.note(codes, self.namespace)
        values, away = self.values(), unloaded()
        chosen, rest, again = self.choose(values, codes)
        others, chosen = (away, values) if Audit.on else (rest, chosen)
        stored = self.store(chosen, others)
        changed = lost_numbers(State.records) ^ lost_numbers(others + stored)
        if not Limit.hit and any(record.loaded and record.needs & changed for record in others):
            again += [record for record in others if record.loaded and not record.needs & changed]
            others, stored = away, self.store(values, away)  # what needs a definition is lost with it
        records = self.still_stored(others + as_they_were(again, stored), stored) + stored
        if Audit.on:
            Audit.missed = audit(rest, records)
        place_of = {record.id: place for place, record in enumerate(State.records)}
        records.sort(key=lambda record: place_of.get(record.id, len(place_of)))
        State.records, State.bound = in_order(alive(records)), dict(zip(values, map(id, values.values())))
        for record, reason in self.dropped:
            drop(record, reason)
        return self.changes([record for record in State.records if record.kept is not None], self.all_lost(State.records))

    def changes(self, kept, lost):
        if State.told is not None:
            before, lost_before = State.told
            if len(before) == len(kept) and all(map(is_, before, kept)) and lost == lost_before:
                return None
        State.told = kept, lost
        return told(kept, lost)

    def still_stored(self, groups, records):
        kept, lost = late.still_stored(groups, records)
        for record, reason in lost:
            if record.loaded:
                self.lost.update(dict.fromkeys(record.shown, reason))
            else:
                self.dropped.append((record, reason))
        return kept

    def values(self):
        """Values by name. Those that are lost whatever they hold are left out."""
        missing = object()  # threads may delete names meanwhile
        values = {name: self.namespace.get(name, missing) for name in variables(self.namespace) if not name.startswith(HIDDEN)}
        values = {name: value for name, value in values.items() if value is not missing}
        found = hidden.values(values)
        self.modules = found.get(hidden.MODULES)
        return {**found, **values}  # pyplot's figures first, in its order

    def choose(self, values, codes):
        """({name: value} to store anew, the records of all other groups, and of those that are stored anew only to be sure)."""
        bound = State.bound
        record_of_name = {name: record for record in State.records for name in record.names}
        touched = reached(codes, self.namespace, State.records, record_of_name)
        if touched is None:
            return values, unloaded(), []
        touched |= {id(record) for record in State.records if record.loaded and is_late(record)}
        for name in bound.keys() | values.keys() if bound.keys() != values.keys() else bound:
            if name not in bound or name not in values or bound[name] != id(values[name]):
                record = record_of_name.get(name)
                if record is not None:
                    touched.add(id(record))
        rest, again = [record for record in State.records if id(record) not in touched], []
        if not Audit.on:
            small = [record for record in rest if record.size <= SMALL and record.loaded]
            start = State.turn % max(1, len(small))
            State.turn += SMALL_AT_ONCE
            again = (small + small)[start:start + min(SMALL_AT_ONCE, len(small))]
            taken = set(map(id, again))
            rest = [record for record in rest if id(record) not in taken]
        left = {name for record in rest for name in record.names}
        return {name: value for name, value in values.items() if name not in left}, rest, again

    def store(self, values, rest):
        """Records of the groups of these values."""
        try:
            return self.stored(values, rest)
        except KeyboardInterrupt:
            kept = {number for record in rest for number in record.numbers}
            numbers = {number for record in State.records for number in record.numbers} - kept
            return [too_long(Record(frozenset(values), numbers, set(), ((), False, False, False)))]

    def stored(self, values, rest):
        for name in list(values):
            reason = lost_reason(type(values[name]))
            if reason is not None:
                self.lost[name] = reason
        walk = Walk(self.namespace, {name: value for name, value in values.items() if name not in self.lost})
        known = {number: self.registry.get(number) for record in rest for number in record.numbers}
        walk.known = {id(one): number for number, one in known.items() if one is not None}
        # A function that has lost its name stays a definition while data refers to it, which need not be stored anew.
        needed = set().union(*(record.needs for record in State.records))
        extra = [self.registry.get(number) for record in State.records for number in record.numbers & needed]
        found = walk.run([one for one in extra if one is not None and id(one) not in walk.known])
        found = late.come_last(found, State.hung)
        for group in found:
            group.numbers = {self.registry.number(one) for one in group.definitions}
        self.registry.keep(set().union(*(one.numbers for one in found), *(record.numbers for record in rest)))
        self.missing = {number: reason for record in rest for number, reason in record.lost_definitions.items()}
        self.before = {record.id: record for record in State.records}
        self.registry.reducers = {}
        store = StoreWithNamespace if walk.has_namespace else Store
        return [self.record(group, store) for group in found]

    def record(self, group, store):
        words, *rest = words_of(group.codes, self.namespace)
        needs = group.needed_numbers.union(map(self.registry.number, group.needed)) - group.numbers
        summary = sorted(words), *rest, group.always
        record = Record(frozenset([*group.names, *group.broken]), group.numbers, needs, summary)
        record.kind = "definitions" if group.definitions else "modules" if hidden.MODULES in group.names else "data"
        record.lost.update(group.broken)
        try:
            if Limit.hit:
                return too_long(record)
            return self.pickle(record, group, store)
        except KeyboardInterrupt:
            State.hung |= record.names
            return too_long(record)

    def pickle(self, record, group, store):
        blocks = Blocks(group.spans, group.names)
        members = Members(group.names, definitions.bases_first(group.definitions), group.prelude, blocks)
        context, result, Limit.raised = (self.namespace, self.registry, self.missing, store), None, False
        try:
            if members.names or members.definitions:
                result = pickled(members, record.numbers, *context)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            lost, record.lost_definitions, members = lost_members(members, error, *context)
            record.lost.update(lost)
            self.missing.update(record.lost_definitions)
            if members.names or members.definitions:
                try:
                    result = pickled(members, {self.registry.number(one) for one in members.definitions}, *context)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    record.lost.update(dict.fromkeys(members.names, reason_of(error)))
        if Limit.hit and Limit.raised:
            raise KeyboardInterrupt  # a value has taken the interrupt for an error of its own
        return record if result is None else self.give(record, members, *result)

    def give(self, record, members, pickle, buffers, needs):
        State.hung -= record.names
        record.keep(members.names)
        record.needs |= needs
        record.told = record.shown if record.kind != "modules" else sorted(self.modules[0])
        key = key_of(record)
        if key not in State.number_of:
            State.last += 1
            State.number_of[key] = State.last
        record.id, record.hash = State.number_of[key], hash_of(pickle, buffers)
        record.size = len(pickle) + sum(len(buffer) for buffer in buffers)
        before = self.before.get(record.id)
        if before is not None and before.is_same(record):
            return before
        if before is None or before.hash != record.hash:
            record.pickle = pickle, buffers
        return record

    def all_lost(self, records):
        for record in records:
            self.lost.update((name, reason) for name, reason in record.lost.items() if not name.startswith(HIDDEN))
        return self.lost
