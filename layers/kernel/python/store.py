"""Pickles a group's members, and finds those that cannot be stored."""
from . import definitions
from .atoms import reason_of

ATTEMPTS = 3  # threads may change a value while it is pickled


class Members:
    """What is pickled together."""
    def __init__(self, names, definitions, prelude, blocks):
        self.names, self.definitions, self.prelude, self.blocks = names, definitions, prelude, blocks

    def payload(self):
        """The tuple to pickle. Its parts are made in this order: definitions without, then with their state, then data."""
        fills = [Call(*fill) for fill in definitions.fills(self.definitions)]
        return self.prelude, list(self.definitions), fills, self.names

    def parts(self):
        """The members one by one."""
        for one in self.definitions:
            yield one, Members({}, [one], self.prelude, self.blocks)
        for name, value in self.names.items():
            yield name, Members({name: value}, [], self.prelude, self.blocks)


class Sink:
    """Takes a pickle. As it is no file of C code, an interrupt ends the pickling between two pieces."""

    def __init__(self):
        self.pieces = []

    def write(self, piece):
        self.pieces.append(bytes(piece))


class Call:
    """Calls a function when it is unpickled."""

    def __init__(self, function, arguments):
        self.reduction = function, arguments

    def __reduce__(self):
        return self.reduction


def pickled(members, numbers, namespace, registry, missing, store):
    """(pickle, buffers, numbers of the definitions that it needs)."""
    for attempt in range(ATTEMPTS):
        file = Sink()
        pickler = store(file, namespace, registry, set(numbers), missing, members.blocks)
        try:
            pickler.dump(members.payload())
            return b"".join(file.pieces), pickler.buffers, pickler.needs
        except RuntimeError as error:
            if isinstance(error, RecursionError) or attempt == ATTEMPTS - 1:
                raise


def lost_members(members, error, namespace, registry, missing, store):
    """(reasons by name, reasons by definitions' numbers, the members that can be stored)."""
    lost, lost_definitions, kept = {}, {}, Members({}, [], members.prelude, members.blocks)
    numbers = {registry.number(one) for one in members.definitions}
    parts = list(members.parts())
    for key, part in parts:
        if len(parts) > 1:
            try:
                pickled(part, numbers - lost_definitions.keys(), namespace, registry, {**missing, **lost_definitions}, store)
                kept.names.update(part.names)
                kept.definitions += part.definitions
                continue
            except KeyboardInterrupt:
                raise
            except BaseException as raised:
                error = raised
        if part.definitions:
            lost_definitions[registry.number(key)] = reason_of(error)
            lost.update((name, reason_of(error)) for name, value in members.names.items() if value is key)
        else:
            lost[key] = reason_of(error)
    for name in lost:
        kept.names.pop(name, None)
    return lost, lost_definitions, kept
