"""What there is no time to store in a call: the next call goes on with it, and what is stored already stays as far as it is true."""
TOO_LONG = "storing the variables took too long; the next call goes on with it"


def too_long(record):
    """The record of a group that there was no time for."""
    record.lost = dict.fromkeys(record.names, TOO_LONG)
    record.lost_definitions = dict.fromkeys(record.numbers, TOO_LONG)
    return record


def is_late(record):
    """Whether there was no time for the group. Each call asks this of all groups: nearly all are kept."""
    return record.kept is None and TOO_LONG in (*record.lost.values(), *record.lost_definitions.values())


def come_last(groups, names):
    """The groups with those of these names at the end, and what needs their definitions: what never ends must not keep others waiting."""
    first, last, definitions = [], [], set()
    for group in groups:
        is_last = not names.isdisjoint(group.names) or not definitions.isdisjoint(map(id, group.needed))
        (last if is_last else first).append(group)
        if is_last:
            definitions.update(map(id, group.definitions))
    return first + last


def as_they_were(again, records):
    """Of the groups that were stored anew only to be sure, those that there was no time for: they stay as they were."""
    late = [record for record in records if is_late(record)]
    names = {name for record in late for name, reason in record.lost.items() if reason == TOO_LONG}
    numbers = {number for record in late for number, reason in record.lost_definitions.items() if reason == TOO_LONG}
    kept = [record for record in again if not is_late(record) and record.names <= names and record.numbers <= numbers]
    for record in late:
        for one in kept:
            record.names, record.numbers = record.names - one.names, record.numbers - one.numbers
        record.lost = {name: reason for name, reason in record.lost.items() if name in record.names}
        record.lost_definitions = {number: reason for number, reason in record.lost_definitions.items() if number in record.numbers}
    return kept


def still_stored(groups, records):
    """Those of the groups, which are not stored anew, that need no definition which has been lost, and the others with their reasons.
    What is not loaded stays where there was no time to store a definition: the next call stores that."""
    definitions = {number: reason for record in records for number, reason in record.lost_definitions.items()}
    kept, lost = [], []
    for record in groups:
        reasons = {definitions[number] for number in record.needs & definitions.keys()}
        if reasons <= (set() if record.loaded else {TOO_LONG}):
            kept.append(record)
        else:
            lost.append((record, f"a function or class that it needs: {max(reasons - {TOO_LONG} or reasons)}"))
    return kept, lost
