# Iterators that are kept and go on: list iterators, enumerate, zip, count, cycle, and a class of one's own.
# %%
import itertools

letters = iter("abcdefgh")
numbered = enumerate(["x", "y", "z"], start=10)
print(next(letters), next(letters), next(numbered))

# %%
pairs = zip(letters, [1, 2, 3, 4])
print(next(pairs), next(numbered))

# %%
# The zip draws from the same iterator over the letters.
print(next(letters), next(pairs), next(letters))


class Countdown:
    def __init__(self, start):
        self.left = start

    def __iter__(self):
        return self

    def __next__(self):
        if self.left <= 0:
            raise StopIteration
        self.left -= 1
        return self.left + 1


countdown = Countdown(6)
print(list(zip(range(2), countdown)))

# %%
print([n for n in countdown if n % 2], list(countdown), list(numbered))


class Pages:
    """Pages of a list; each iteration starts anew."""

    def __init__(self, items, size):
        self.items, self.size, self.opened = items, size, 0

    def __iter__(self):
        self.opened += 1
        for at in range(0, len(self.items), self.size):
            yield self.items[at:at + self.size]


pages = Pages(list(range(7)), 3)
print(list(pages), pages.opened)

# %%
rest = list(pairs)
turns = reversed([1, 2, 3])
steps = iter(range(0, 100, 7))
print(rest, list(letters), next(turns), next(steps), next(steps), sum(map(len, pages)), pages.opened)

# %%
print(list(turns), next(steps), list(itertools.islice(steps, 3)), list(itertools.accumulate(steps))[-1])
entries = {"a": 1, "b": 2}
keys = entries.keys()
values = iter([entries, entries])
print(next(values) is entries)

# %%
entries["c"] = 3
print(list(keys), next(values) is entries, next(values, "end"))

# %%
groups = [(key, list(part)) for key, part in itertools.groupby(sorted(entries.values()), key=lambda v: v > 1)]
batches = [list(part) for part in itertools.pairwise(groups)]
print(groups, len(batches), next(letters, None))
