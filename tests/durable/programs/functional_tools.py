# Functional tools: partial, reduce, compose, singledispatch, operator, itertools recipes, sort keys.
# %%
import operator
from functools import cmp_to_key, partial, partialmethod, reduce, singledispatch
from itertools import accumulate, chain, combinations, groupby, product, starmap, takewhile


def compose(*functions):
    return reduce(lambda f, g: lambda x: f(g(x)), functions)


double, increase = partial(operator.mul, 2), partial(operator.add, 1)
pipeline = compose(double, increase, abs)
print(pipeline(-4), double.func is operator.mul, double.args)

# %%
collected = []
collect = collected.append
into_pairs = partial(zip, "abc")
for value in map(pipeline, range(3)):
    collect(value)
print(collected, list(into_pairs(collected)))

# %%
@singledispatch
def describe(value):
    return f"something: {value!r}"


@describe.register
def _(value: int):
    return f"number {value}"


@describe.register(list)
def _(value):
    return f"list of {len(value)}: " + ", ".join(map(describe, value))


print(describe([1, "x", [2]]))

# %%
describe.register(str, lambda value: value.upper())
collect("late")
print(describe(["abc", 5, 1.5]), describe(collected), describe.dispatch(bool)(True))

# %%
class Box:
    def __init__(self):
        self.items = []

    def put(self, kind, item):
        self.items.append((kind, item))
        return self

    put_fruit = partialmethod(put, "fruit")


box = Box()
put_tool = partial(box.put, "tool")
put_tool("saw").put_fruit("fig")
print(box.items)

# %%
put_tool("axe")
by_kind = {kind: [item for _, item in part] for kind, part in groupby(sorted(box.items), key=operator.itemgetter(0))}
print(by_kind, put_tool.func.__self__ is box)


def compare(a, b):
    return (len(a) > len(b)) - (len(a) < len(b)) or (a > b) - (a < b)


print(sorted(["pear", "fig", "apple", "kiwi"], key=cmp_to_key(compare)))

# %%
print(list(accumulate([3, 1, 4, 1, 5], max)), list(starmap(pow, [(2, 3), (3, 2)])))
print(list(takewhile(lambda n: n < 20, accumulate(range(1, 99)))), len(list(product("ab", repeat=3))))
print(sum(map(operator.mul, *zip(*combinations(range(4), 2)))), list(chain.from_iterable(by_kind.values())))
print(collected[-1], pipeline(10), sorted(["bb", "a"], key=cmp_to_key(compare)))
