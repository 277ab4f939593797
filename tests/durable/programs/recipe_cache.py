# Caches: a least recently used dictionary, cached properties, memoised recursion with a plain dictionary.
# %%
from collections import OrderedDict
from functools import cached_property, wraps


class LruDict:
    def __init__(self, size):
        self.size, self.items = size, OrderedDict()
        self.hits = self.misses = 0

    def get(self, key, make):
        if key in self.items:
            self.hits += 1
            self.items.move_to_end(key)
        else:
            self.misses += 1
            self.items[key] = make(key)
            if len(self.items) > self.size:
                self.items.popitem(last=False)
        return self.items[key]


squares = LruDict(3)
print([squares.get(n, lambda k: k * k) for n in (1, 2, 3, 1, 4)], list(squares.items))

# %%
print(squares.get(1, str), squares.get(2, str), list(squares.items), squares.hits, squares.misses)

# %%
def memoise(function):
    known = {}

    @wraps(function)
    def inner(*args):
        if args not in known:
            known[args] = function(*args)
        return known[args]

    inner.known = known
    return inner


@memoise
def ways(amount, coins=(1, 2, 5, 10)):
    """In how many ways coins give an amount."""
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount, coins[:-1]) + ways(amount - coins[-1], coins)


print(ways(30), len(ways.known), ways.__name__)

# %%
before = len(ways.known)
print(ways(30), len(ways.known) == before, ways(35), len(ways.known) - before)

# %%
class Recipe:
    computed = []

    def __init__(self, name, parts):
        self.name, self.parts = name, parts

    @cached_property
    def energy(self):
        Recipe.computed.append(self.name)
        return sum(grams * ENERGY[part] for part, grams in self.parts.items())


ENERGY = {"flour": 3.5, "butter": 7.2, "sugar": 4.0, "egg": 1.5}
cake = Recipe("cake", {"flour": 250, "butter": 125, "sugar": 125, "egg": 150})
bread = Recipe("bread", {"flour": 500})
print(cake.energy, Recipe.computed)

# %%
ENERGY["flour"] = 3.4
print(cake.energy, bread.energy, Recipe.computed)

# %%
del cake.energy
print(cake.energy, Recipe.computed, "energy" in vars(bread))
