"""Makes groups of what a walk has found, in an order in which they can be restored."""


class Group:
    """Names and definitions that belong together."""

    def __init__(self):
        self.names, self.definitions, self.prelude = {}, [], []
        self.broken = {}  # reasons by names of values that could not be walked
        self.needed, self.needed_numbers = [], set()  # definitions, by object and by number
        self.codes, self.always = [], False
        self.spans = []  # memory of arrays: (first address, end, may show writes of others)


def ordered(walk):
    """The groups, so that each comes after those whose definitions it needs."""
    while True:
        needs = {}
        for root in range(len(walk.parent)):
            needs.setdefault(walk.find(root), set())
        for root, other in walk.needs:
            root, other = walk.find(root), walk.find(other)
            if root != other:
                needs[root].add(other)
        order, rest = sort(needs)
        if not rest:
            return collect(walk, order)
        first = rest[0]
        for other in rest[1:]:
            walk.join(first, other)


def sort(needs):
    """(roots in order, roots that need each other)."""
    order, done, needs = [], set(), {root: set(others) for root, others in needs.items()}
    users = {}
    for root, others in needs.items():
        for other in others:
            users.setdefault(other, []).append(root)
    ready = [root for root in reversed(needs) if not needs[root]]
    while ready:
        root = ready.pop()
        order.append(root)
        done.add(root)
        for user in users.get(root, ()):
            needs[user].discard(root)
            if not needs[user]:
                ready.append(user)
    rest = [root for root in needs if root not in done]
    while rest:  # leaves out those that merely need members of a circle
        inner = {other for root in rest for other in needs[root]}
        kept = [root for root in rest if root in inner]
        if len(kept) == len(rest):
            break
        rest = kept
    return order, rest


def collect(walk, order):
    groups = {root: Group() for root in order}
    for name, root in walk.root_of_name.items():
        group = groups[walk.find(root)]
        if name in walk.broken:
            group.broken[name] = walk.broken[name]
        else:
            group.names[name] = walk.values[name]
    for root, is_definition in enumerate(walk.is_definition):
        if is_definition:
            groups[walk.find(root)].definitions.append(walk.objects[root])
    for root, one in walk.preludes:
        groups[walk.find(root)].prelude.append(one)
    for root, code in walk.codes:
        groups[walk.find(root)].codes.append(code)
    for root in walk.always:
        groups[walk.find(root)].always = True
    for root, *span in walk.spans:
        groups[walk.find(root)].spans.append(tuple(span))
    for root, other in walk.needs:
        groups[walk.find(root)].needed.append(walk.objects[other])
    for root, number in walk.known_needs:
        groups[walk.find(root)].needed_numbers.add(number)
    return list(groups.values())


def lost_numbers(records):
    return {number for record in records for number in record.lost_definitions}


def alive(records):
    """The records without groups of definitions that have lost their names and that nothing needs any more."""
    while True:
        needed = set().union(*(record.needs - record.numbers for record in records))
        kept = [record for record in records if record.names or not needed.isdisjoint(record.numbers)]
        if len(kept) == len(records):
            return kept
        records = kept


def audit(rest, records):
    """Names of the groups that have changed and were not expected to."""
    now, missed = {record.names: record for record in records}, []
    for record in rest:
        other = now.get(record.names)
        if not record.restored and record.names and other is not None and other.hash not in (None, record.hash):
            missed += sorted(record.names)
    return missed


def in_order(records):
    """The records, each after those whose definitions it needs: also those that only objects' own reductions name."""
    place_of = {number: place for place, record in enumerate(records) for number in record.numbers}
    needs = {place: {place_of[number] for number in record.needs if number in place_of} - {place}
             for place, record in enumerate(records)}
    if all(other < place for place, others in needs.items() for other in others):
        return records
    order, _ = sort(needs)
    return [records[place] for place in [*order, *sorted(needs.keys() - set(order))]]
