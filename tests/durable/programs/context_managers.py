# Context managers: indentation, timers with a false clock, undo, temporary settings, exit stacks.
# %%
from contextlib import ContextDecorator, ExitStack, contextmanager, suppress


class Indent:
    level = 0
    lines = []

    def __enter__(self):
        Indent.level += 1
        return self

    def __exit__(self, *_):
        Indent.level -= 1

    @classmethod
    def say(cls, text):
        cls.lines.append("  " * cls.level + text)


indent = Indent()
Indent.say("top")
with indent:
    Indent.say("inside")
    with indent:
        Indent.say("deeper")
print("\n".join(Indent.lines), Indent.level)

# %%
class FalseClock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        self.now += 5
        return self.now


clock = FalseClock()
spent = {}


class timed(ContextDecorator):
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.begin = clock()
        return self

    def __exit__(self, kind, error, trace):
        spent[self.name] = spent.get(self.name, 0) + clock() - self.begin


@timed("sorting")
def sort_it(values):
    return sorted(values)


print(sort_it([3, 1, 2]), spent)

# %%
settings = {"colour": "red", "width": 2}


@contextmanager
def changed(**values):
    old = dict(settings)
    settings.update(values)
    try:
        yield settings
    finally:
        settings.clear()
        settings.update(old)


with changed(colour="blue", extra=1) as inside:
    print(settings, inside is settings)
with suppress(KeyError), changed(width=9):
    settings["missing"]
print(settings, sort_it("ba"), spent["sorting"], clock.now)

# %%
undo = []


class Transaction:
    def __init__(self, target):
        self.target = target

    def __enter__(self):
        self.backup = list(self.target)
        return self.target

    def __exit__(self, kind, error, trace):
        if kind is not None:
            undo.append((kind.__name__, list(self.target)))
            self.target[:] = self.backup
        return kind is ZeroDivisionError


basket = ["pear"]
transaction = Transaction(basket)
with transaction as items:
    items.append("plum")
with transaction as items:
    items.append("fig")
    1 / 0
print(basket, undo, transaction.backup)

# %%
# raises: LookupError
with transaction as items:
    items.clear()
    raise LookupError("nothing left")

# %%
with ExitStack() as stack:
    stack.callback(Indent.say, "last")
    for _ in range(3):
        stack.enter_context(indent)
    Indent.say("three deep")
    kept = stack.pop_all()
print(Indent.level, undo[-1], basket)
kept.close()
print(Indent.level, Indent.lines[-2:])
