# Closures that share cells: counters, an account with three functions, a nested chain, late binding.
# %%
def counter(start=0):
    count = start

    def increment(by=1):
        nonlocal count
        count += by
        return count

    def reset():
        nonlocal count
        old, count = count, start
        return old

    return increment, reset, lambda: count


tick, reset, current = counter(10)
other, *_ = counter()
print(tick(), tick(5), other(), current())

# %%
print(tick(), current(), reset(), current(), other())

# %%
def chain(depth, log):
    total = 0

    def make(level):
        def add(value):
            nonlocal total
            total += value * level
            log.append((level, total))
            return total
        return add
    return [make(level) for level in range(1, depth + 1)], lambda: total


log = []
adders, total = chain(4, log)
print([add(1) for add in adders], total())

# %%
first, last = adders[0], adders[-1]
adders.reverse()
print(first(100), last(1), total(), log[-2:], adders[0] is last)

# %%
late = [lambda: index for index in range(3)]
bound = [lambda index=index: index for index in range(3)]


def make_late():
    functions = []
    for item in "abc":
        functions.append(lambda: item + suffix)
    return functions


later = make_late()
print([f() for f in bound], first.__closure__[1].cell_contents is log, len(later))

# %%
index, suffix = 7, "!"
print([f() for f in late], [f() for f in later])


# %%
def running(history=[], *, scale={"by": 2}):
    history.append(len(history) * scale["by"])
    return history


print(running(), running() is running.__defaults__[0])

# %%
running.__kwdefaults__["scale"]["by"] = 10
suffix = "?"
print(running(), [f() for f in later], tick.__closure__[0].cell_contents == current(), current())
