"""Writes programs for simulate.py that bind, share, change and call objects at random.

    python generate.py FOLDER FIRST LAST     # one program for each number
"""
import random
import sys
from pathlib import Path

BEGIN = """\
import copy
class N:
    count = 0
    seen = []
    def __init__(self, v):
        self.v = v
        N.count += 1
        self.pad = list(range(1500))
    def add(self, x):
        if isinstance(self.v, list):
            self.v.append(x)
        return self
class M(N):
    extra = {}
    def add(self, x):
        super().add(x)
        M.extra[len(M.extra)] = self
        return self
def acc(x, store=[]):
    store.append(x)
    return len(store)
def maker():
    n, k = [0], 0
    def inc(x=None):
        nonlocal k
        k += 1
        n.append(x)
        return k, len(n)
    def get():
        return k, len(n)
    return inc, get
inc, get = maker()
def show(x, seen):
    if id(x) in seen:
        return f"#{seen[id(x)]}"
    if isinstance(x, (list, dict, N)):
        seen[id(x)] = len(seen)
    if isinstance(x, list):
        return "[" + ",".join(show(one, seen) for one in x[:2] + x[-6:]) + f"|{len(x)}]"
    if isinstance(x, dict):
        return "{" + ",".join(f"{k}:{show(v, seen)}" for k, v in list(x.items())[-6:]) + "}"
    if isinstance(x, N):
        return type(x).__name__ + show(x.v, seen) + show(getattr(x, "attr", None), seen)
    return getattr(x, "__name__", "callable") if callable(x) else repr(x)
a = [0] * 3000
b = {"k": [1], **{f"p{i}": i for i in range(600)}}
c = N([1, 2])
d = M({"z": a})
"""
END = "print(show([a, b, c, d, N.seen, M.extra, acc.__defaults__[0], N.count], {}), get())\n"
STATEMENTS = (
    "{x} = {y}",
    "{x} = [{y}, {z}]",
    "{x} = {{'k': {y}, 'l': list(range(900))}}",
    "{x} = N({y})",
    "{x} = M({y})",
    "{x}.append({y}) if isinstance({x}, list) else None",
    "{x}.__setitem__('k{i}', {y}) if isinstance({x}, dict) else None",
    "{x}.add({y}) if isinstance({x}, N) else None",
    "acc({y})",
    "inc({y})",
    "N.seen.append({y})",
    "def fn{i}(q={x}):\n    {y}\n    return q",
    "p{i} = ({y},)",
    "{x} = {x}.append if isinstance({x}, list) else {x}",
    "{x}(5) if callable({x}) and {x} is not acc else None",
    "c = N([c])\nc.attr = {y}",
    "del {x}\n{x} = {i}",
    "w{i} = {y}",
    "{x} = copy.copy({y})",
    "class N2(N):\n    tag = {x}\n{y} = N2([N2.tag])",
    "{x} = lambda v=[]: (v.append(1), len(v))[1]",
    "{x} = inc",
    "print(show({x}, {{}}), show({y}, {{}}))",
)


def program(number):
    choice = random.Random(number)
    cells = [BEGIN]
    for _ in range(10):
        names = [{"x": choice.choice("abcd"), "y": choice.choice("abcd"), "z": choice.choice("abcd"), "i": choice.randrange(3)}
                 for _ in range(choice.randrange(1, 5))]
        statements = [choice.choice(STATEMENTS).format(**one) + "\n" for one in names]
        cells.append("".join([*statements, "None\n"]))  # no object is shown with its address
    return "# %%\n".join([*cells, END])


def main():
    folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, last):
        (folder / f"{number}.py").write_text(program(number))


if __name__ == "__main__":
    main()
