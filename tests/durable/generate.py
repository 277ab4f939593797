"""Writes random programs from a seed, cut into cells, for the tests of variables that survive a restart.

    generate.py SEED                              prints one program
    generate.py SEED --count N --folder FOLDER    writes the programs of the seeds SEED … SEED + N - 1

The generator keeps a model of the heap while it writes: which name is bound to which object, and which object is
reached from which by what expression. Each statement picks an object and one of the expressions that lead to it, so
objects are changed through aliases, and each program is valid: lengths, keys and columns are known wherever a
statement depends on them. Values are not modelled. A cell ends by printing digests and facts about identity.
"""
import argparse
import random
from pathlib import Path

SHOW = '''
def show(value, depth=4):
    """A short text for any value; it names no addresses and does not depend on the order of sets."""
    kind = type(value).__name__
    if value is None or type(value) in (bool, int, str, bytes, complex, range):
        return repr(value)[:160]
    if isinstance(value, float):
        return format(round(value, 6) + 0.0, ".10g")
    if isinstance(value, (bytearray, memoryview)):
        return f"{kind} {bytes(value).hex()}"
    if isinstance(value, type) or hasattr(value, "__code__"):
        return f"{kind} {value.__name__}"
    if depth == 0:
        return kind
    if isinstance(value, (set, frozenset)):
        return f"{kind} {sorted(show(item, depth - 1) for item in value)}"
    if isinstance(value, BaseException):
        notes = getattr(value, "__notes__", [])
        return f"{kind} {show(value.args, depth - 1)} cause {show(value.__cause__, depth - 1)} notes {notes}"
    if isinstance(value, dict):
        shown = [f"{show(key, 1)}: {show(item, depth - 1)}" for key, item in list(value.items())[:12]]
        return f"{kind} of {len(value)} {{{', '.join(shown)}}}"
    if kind == "ndarray":
        if value.dtype == object or value.dtype.names:
            return f"array {value.shape} {[show(item, depth - 1) for item in value.ravel().tolist()]}"
        return f"array {value.shape} {value.dtype} sum {show(value.sum().item())} ends {value.ravel()[-3:].tolist()}"
    if kind == "DataFrame" and hasattr(value, "iloc"):
        numbers = {str(name): show(value[name].sum().item()) for name in value.select_dtypes(["int64", "float64"])}
        last = [show(item, 2) for item in value.iloc[-1].tolist()] if len(value) else []
        return f"frame {value.shape} {list(map(str, value.columns))} sums {numbers} last {last}"
    if kind == "Series" and hasattr(value, "iloc"):
        return f"series {value.shape} {value.name} {[show(item, 2) for item in value.tolist()[:8]]}"
    if kind in ("DataFrame", "Series"):
        return f"polars {kind} {value.shape} {value.rows()[-2:] if kind == 'DataFrame' else value.to_list()[:6]}"
    if kind == "Table":
        return f"table {value.shape} {value.column_names} {value.slice(max(0, len(value) - 2)).to_pylist()}"
    if isinstance(value, (list, tuple)) or kind == "deque":
        return f"{kind} of {len(value)} [{', '.join(show(item, depth - 1) for item in list(value)[:12])}]"
    if hasattr(value, "__dict__") and type(value).__module__ in ("__main__", "types"):
        shown = [f"{name}={show(item, depth - 1)}" for name, item in sorted(vars(value).items())]
        return f"{kind}({', '.join(shown)})"
    if hasattr(type(value), "__slots__") and type(value).__module__ == "__main__":
        return f"{kind}({', '.join(show(getattr(value, name), depth - 1) for name in type(value).__slots__)})"
    if kind in ("Timestamp", "Timedelta") or type(value).__module__ in ("decimal", "fractions", "datetime", "array", "zoneinfo", "enum"):
        return str(value)
    return kind
'''.strip("\n").splitlines()

NAMES = {
    "int": ["count", "total", "limit", "score", "level", "budget"],
    "list": ["values", "items", "queue", "scores", "history", "tasks", "rows", "parts"],
    "dict": ["table", "settings", "index", "prices", "groups", "lookup", "cache"],
    "set": ["seen", "tags", "members", "done"],
    "deque": ["window", "recent", "backlog"],
    "tuple": ["pair", "bundle", "record"],
    "ns": ["state", "config", "context"],
    "array": ["data", "signal", "matrix", "weights", "grid", "samples"],
    "frame": ["df", "sales", "orders", "people", "report"],
    "series": ["column", "amounts", "totals"],
    "plframe": ["trips", "events", "stock"],
    "lazy": ["plan", "pipeline"],
    "arrow": ["batch", "ledger", "archive"],
    "func": ["process", "update", "track", "push", "helper", "compute", "advance"],
    "class": ["Account", "Sensor", "Basket", "Robot", "Worker", "Page", "Player"],
    "inst": ["first", "second", "third", "alice", "bob", "main_one", "spare"],
    "iter": ["stream", "feed", "source", "cursor"],
    "bytes": ["buffer", "packet", "blob"],
    "rng": ["rng", "dice", "noise"],
    "file": ["log", "output", "notes", "reader"],
    "logger": ["logger", "audit"],
    "regex": ["pattern", "matcher"],
    "error": ["failure", "problem", "caught"],
    "money": ["balance", "fee", "share"],
    "date": ["start", "deadline", "moment"],
    "ref": ["weak", "watcher"],
}
WORDS = ["pear", "fig", "plum", "kiwi", "lime", "date", "quince", "olive"]
ATTRIBUTES = ["size", "label", "stock", "extra", "owner", "note"]


class Obj:
    """An object of the program: what kind it is, how long, and what can be reached from it by which suffix."""

    def __init__(self, kind, n=0, children=None, **info):
        self.kind, self.n, self.children, self.info = kind, n, dict(children or {}), info

    def slots(self):
        """The indexes of a list at which the model knows an object."""
        return {int(suffix[1:-1]) for suffix in self.children if suffix[1:-1].isdigit()}


# How much more often than others objects of a kind are changed.
OFTEN = {"frame": 5, "plframe": 3, "arrow": 2, "array": 2, "series": 2, "ref": 3, "iter": 2, "rng": 2, "keyed": 3,
         "groupby": 2, "structured": 2, "lazy": 2, "chain": 2, "counter": 2}
STARTS, STEPS = [], []  # (feature, weight, function), (kinds, weight, function)


def start(feature, weight=2):
    def register(function):
        STARTS.append((feature, weight, function))
        return function
    return register


def step(kinds, weight=2):
    def register(function):
        STEPS.append((kinds.split(), weight, function))
        return function
    return register


class Program:
    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        self.names = {}  # name -> Obj
        self.pinned = set()  # names that functions of the program look up: neither deleted nor rebound
        self.taken = {"show"}  # names that are bound although the model does not follow them
        self.reserved = set()  # names that the statement being written will bind
        self.cells, self.imported, self.serial = [], set(), 0
        self.touched = []
        self.number = self.random.randint
        heavy = [f for f in ("numpy", "pandas", "polars", "arrow") if self.random.random() < 0.45]
        light = sorted({feature for feature, _, _ in STARTS} - {"numpy", "pandas", "polars", "arrow", "base"})
        self.features = {"base", *heavy, *self.random.sample(light, self.random.randint(8, 14))}

    # --- the model -------------------------------------------------------------------------------------------------

    def reachable(self):
        """All objects with the expressions that lead to them, the names first."""
        found, queue = {}, [(name, obj, 0) for name, obj in self.names.items()]
        while queue:
            path, obj, depth = queue.pop(0)
            paths = found.setdefault(id(obj), (obj, []))[1]
            if len(paths) >= 4:
                continue
            paths.append(path)
            if depth < 3 and len(paths) <= 2:
                queue.extend((path + suffix, child, depth + 1) for suffix, child in obj.children.items())
        return list(found.values())

    def path(self, obj, named=False):
        """An expression that leads to the object, or None."""
        for other, paths in self.reachable():
            if other is obj:
                paths = [p for p in paths if p.isidentifier()] if named else paths
                return self.random.choice(paths) if paths else None
        return None

    def pick(self, kinds, test=None):
        """A random reachable object of these kinds, with an expression for it; (None, None) if there is none."""
        kinds = kinds.split()
        found = [(o, paths) for o, paths in self.reachable() if o.kind in kinds and (test is None or test(o))]
        if not found:
            return None, None
        obj, paths = self.random.choice(found)
        return obj, self.random.choice(paths)

    def fresh(self, kind):
        """A name that is not bound: mostly one that was never bound."""
        pool = NAMES[kind]
        for _ in range(4):
            name = self.random.choice(pool)
            if name not in {*self.names, *self.pinned, *self.taken, *self.reserved}:
                self.reserved.add(name)
                return name
        return f"{self.random.choice(pool)}{self.label()}"

    def target(self, kind):
        """A name to bind a new object to: a fresh one, or now and then one that is bound already."""
        bound = [n for n, o in self.names.items()
                 if n not in self.pinned and n not in self.reserved and o.kind == kind]
        if bound and self.random.random() < 0.2:
            self.reserved.add(name := self.random.choice(bound))
            return name
        return self.fresh(kind)

    def bind(self, name, obj):
        self.names[name] = obj
        self.touched.append(obj)
        return obj

    def emit(self, *lines):
        self.cells[-1][1].extend(lines)

    def need(self, line):
        """Imports something where it is used first, or in the first cell."""
        if line not in self.imported:
            self.imported.add(line)
            self.cells[0 if self.random.random() < 0.6 else -1][0].append(line)

    def ints(self, low=2, high=6):
        return [self.number(0, 50) for _ in range(self.number(low, high))]

    def word(self):
        return self.random.choice(WORDS)

    def label(self):
        self.serial += 1
        return self.serial

    # --- writing ---------------------------------------------------------------------------------------------------

    def weighted(self, choices):
        return self.random.choices(choices, [weight for _, weight, _ in choices])[0][2]

    def new(self):
        self.reserved.clear()
        self.weighted([entry for entry in STARTS if entry[0] in self.features])(self)

    def change(self):
        """Changes some object; false if nothing fitted."""
        for _ in range(6):
            objects = [entry for entry in self.reachable() if any(entry[0].kind in kinds for kinds, _, _ in STEPS)]
            if not objects:
                return False
            # Objects that are reached in several ways are the interesting ones.
            weights = [(1 + len(paths)) * OFTEN.get(obj.kind, 1) for obj, paths in objects]
            obj, paths = self.random.choices(objects, weights)[0]
            function = self.weighted([entry for entry in STEPS if obj.kind in entry[0]])
            self.reserved.clear()
            if function(self, obj, self.random.choice(paths)) is not False:
                self.touched.append(obj)
                return True
        return False

    def digest(self):
        found = [(obj, paths) for obj, paths in self.reachable() if obj.kind not in ("module", "file")]
        recent = [id(obj) for obj in self.touched]
        weights = [3 if id(obj) in recent else 1 for obj, _ in found]
        chosen = []
        for obj, paths in self.random.choices(found, weights, k=self.random.randint(3, 6)) if found else []:
            path = self.random.choice(paths)
            if path not in chosen:
                chosen.append(path)
        for path in chosen:
            quoted = path.replace('"', "'")
            self.emit(f'print("{quoted}:", show({path}))')
        stable = [(obj, paths) for obj, paths in found if obj.kind not in ("int", "money", "date", "bound", "series")]
        facts = []
        for obj, paths in stable:
            if len(paths) > 1:
                facts.append(f"{paths[0]} is {self.random.choice(paths[1:])}")
        if len(stable) > 1:
            (_, some), (_, others) = self.random.sample(stable, 2)
            facts.append(f"{some[0]} is {others[0]}")
        arrays = [paths[0] for obj, paths in found if obj.kind == "array"]
        if len(arrays) > 1:
            facts.append(f"np.shares_memory({', '.join(self.random.sample(arrays, 2))})")
        if facts:
            self.emit(f"print({', '.join(self.random.sample(facts, min(len(facts), 3)))})")
        self.touched = []

    def write(self):
        count = self.random.randint(5, 9)
        for cell in range(count):
            self.cells.append(([], []))
            for _ in range(self.random.randint(5, 10)):
                fresh = 0.85 if cell == 0 else 0.45 if cell < count // 2 else 0.2
                if self.random.random() < fresh or not self.change():
                    self.new()
            self.digest()
            if cell and self.random.random() < 0.05:
                self.emit("raise LookupError('on purpose')")
                self.cells[-1][0].insert(0, "# raises: LookupError")
        lines = [f"# A random program about {', '.join(sorted(self.features - {'base'}))} (seed {self.seed})."]
        for number, (imports, body) in enumerate(self.cells):
            marks = [line for line in imports if line.startswith("#")]
            lines += ["# %%", *marks, *sorted(set(imports) - set(marks))]
            if number == 0:
                lines += ["", *([""] if imports else []), *SHOW, "", ""]
            elif set(imports) - set(marks):
                lines.append("")
            lines += body
        return "\n".join(lines) + "\n"


# --- plain values and containers -----------------------------------------------------------------------------------

@start("base", 2)
def new_int(p):
    name = p.target("int")
    p.emit(f"{name} = {p.number(1, 90)}")
    p.bind(name, Obj("int"))


@start("base", 5)
def new_list(p):
    name, values = p.target("list"), p.ints()
    p.emit(f"{name} = {values}")
    p.bind(name, Obj("list", len(values), ints=True))


@start("base", 2)
def nested_list(p):
    name, inner = p.target("list"), [p.ints(1, 3) for _ in range(p.number(2, 3))]
    p.emit(f"{name} = {inner}")
    p.bind(name, Obj("list", len(inner), {f"[{i}]": Obj("list", len(v), ints=True) for i, v in enumerate(inner)}))


@start("base", 3)
def list_of_objects(p):
    name, parts = p.target("list"), [p.pick("list dict set array frame inst deque func") for _ in range(2)]
    parts = [(obj, path) for obj, path in parts if obj]
    if not parts:
        return new_list(p)
    p.emit(f"{name} = [{', '.join(path for _, path in parts)}, {p.number(1, 9)}]")
    return p.bind(name, Obj("list", len(parts) + 1, {f"[{i}]": obj for i, (obj, _) in enumerate(parts)}))


@start("base", 4)
def new_dict(p):
    name = p.target("dict")
    keys = p.random.sample(WORDS, p.number(2, 4))
    p.emit(f"{name} = {{{', '.join(f'{key!r}: {p.number(0, 40)}' for key in keys)}}}")
    p.bind(name, Obj("dict", keys=keys))


@start("base", 3)
def dict_of_objects(p):
    obj, path = p.pick("list dict set array frame inst deque func class")
    if obj is None:
        return new_dict(p)
    name, key = p.target("dict"), p.word()
    p.emit(f"{name} = {{'{key}': {path}, 'n': {p.number(1, 9)}}}")
    return p.bind(name, Obj("dict", children={f"['{key}']": obj}, keys=["n"]))


@start("base", 2)
def alias(p):
    """One more name for an object."""
    obj, path = p.pick("list dict set deque array frame inst func class ns bytes rng iter tuple")
    if obj is None:
        return new_list(p)
    name = p.target(obj.kind)
    p.emit(f"{name} = {path}")
    return p.bind(name, obj)


@start("base", 1)
def new_tuple(p):
    obj, path = p.pick("list dict array inst set")
    if obj is None:
        return new_list(p)
    name = p.target("tuple")
    p.emit(f"{name} = ({path}, {p.word()!r}, {path})")
    return p.bind(name, Obj("tuple", 3, {"[0]": obj, "[2]": obj}))


@start("base", 1)
def delete_name(p):
    names = [name for name in p.names if name not in p.pinned]
    if len(names) < 4:
        return new_list(p)
    name = p.random.choice(names)
    p.emit(f"del {name}")
    del p.names[name]
    return None


@start("base", 1)
def swap_names(p):
    names = [n for n, o in p.names.items() if n not in p.pinned and o.kind in ("list", "dict", "array", "inst", "frame")]
    if len(names) < 2:
        return new_list(p)
    a, b = p.random.sample(names, 2)
    p.emit(f"{a}, {b} = {b}, {a}")
    p.names[a], p.names[b] = p.names[b], p.names[a]
    return None


@start("sets", 2)
def new_set(p):
    name = p.target("set")
    p.emit(f"{name} = set({p.random.sample(WORDS, 3)})")
    p.bind(name, Obj("set"))


@start("deque", 2)
def new_deque(p):
    p.need("from collections import deque")
    name, limit = p.target("deque"), p.random.choice(["", ", maxlen=4"])
    p.emit(f"{name} = deque({p.ints(2, 4)}{limit})")
    p.bind(name, Obj("deque"))


@start("collections", 3)
def new_special_dict(p):
    kind = p.random.choice(["defaultdict", "Counter", "OrderedDict", "ChainMap"])
    name = p.target("dict")
    if kind == "ChainMap":
        obj, path = p.pick("dict", lambda o: o.info.get("keys") is not None)
        if obj is None:
            return new_dict(p)
        p.need("from collections import ChainMap")
        p.emit(f"{name} = ChainMap({{'{p.word()}': 1}}, {path})")
        return p.bind(name, Obj("chain", children={".maps[1]": obj}))
    p.need(f"from collections import {kind}")
    if kind == "defaultdict":
        p.emit(f"{name} = defaultdict(list)", f"{name}['a'].append({p.number(1, 9)})")
        return p.bind(name, Obj("dict", children={"['a']": Obj("list", 1, ints=True)}, keys=[], default=True))
    if kind == "Counter":
        p.emit(f"{name} = Counter({p.word() + p.word()!r})")
        return p.bind(name, Obj("counter"))
    p.emit(f"{name} = OrderedDict(one=1, two=2)")
    return p.bind(name, Obj("dict", keys=["one", "two"]))


@start("namespace", 2)
def new_namespace(p):
    p.need("from types import SimpleNamespace")
    name = p.target("ns")
    obj, path = p.pick("list dict set array")
    if obj is None:
        p.emit(f"{name} = SimpleNamespace(size={p.number(1, 9)})")
        return p.bind(name, Obj("ns"))
    p.emit(f"{name} = SimpleNamespace(size={p.number(1, 9)}, owner={path})")
    return p.bind(name, Obj("ns", children={".owner": obj}))


@step("int", 2)
def change_int(p, obj, path):
    p.emit(f"{path} {p.random.choice(['+=', '-=', '*=', '^='])} {p.number(1, 9)}")


@step("list", 4)
def list_append(p, obj, path):
    p.emit(f"{path}.append({p.number(0, 99)})")
    obj.n += 1


@step("list", 1)
def list_loop(p, obj, path):
    n = p.number(2, 4)
    p.emit(f"for i in range({n}):", f"    {path}.append(i * {p.number(2, 9)})")
    obj.n += n


@step("list", 2)
def list_set(p, obj, path):
    free = sorted(set(range(obj.n)) - obj.slots())
    if not free:
        return False
    p.emit(f"{path}[{p.random.choice(free)}] = {p.number(100, 200)}")
    return None


@step("list", 2)
def list_pop(p, obj, path):
    if obj.n < 2 or obj.n - 1 in obj.slots():
        return False
    p.emit(f"{path}.pop()")
    obj.n -= 1
    return None


@step("list", 2)
def list_in_place(p, obj, path):
    if obj.children or not obj.info.get("ints"):
        return False
    what = p.number(0, 3)
    if what == 0:
        p.emit(f"{path}.sort(reverse={bool(p.number(0, 1))})")
    elif what == 1:
        p.emit(f"{path}.reverse()")
    elif what == 2:
        p.emit(f"{path}[:] = [v * 2 % 101 for v in {path}]")
    elif path.isidentifier():
        values = p.ints(1, 3)
        p.emit(f"{path} += {values}")
        obj.n += len(values)
    else:
        return False
    return None


@step("list", 3)
def list_append_object(p, obj, path):
    other, other_path = p.pick("list dict set array inst func frame tuple bytes")
    if other is None:
        return False
    p.emit(f"{path}.append({other_path})")
    obj.children[f"[{obj.n}]"] = other
    obj.info["ints"] = False
    obj.n += 1
    return None


@step("list", 1)
def list_copy(p, obj, path):
    name = p.target("list")
    p.emit(f"{name} = {p.random.choice([f'list({path})', f'{path}.copy()', f'{path}[:]'])}")
    p.bind(name, Obj("list", obj.n, obj.children, **obj.info))


@step("list", 1)
def list_comprehension(p, obj, path):
    name = p.target("list")
    p.emit(f"{name} = [len(show(v)) + {p.number(1, 5)} for v in {path}]")
    p.bind(name, Obj("list", obj.n, ints=True))


@step("dict", 3)
def dict_set(p, obj, path):
    key = p.word()
    if f"['{key}']" in obj.children:
        return False
    p.emit(p.random.choice([f"{path}['{key}'] = {p.number(1, 99)}", f"{path}.update({key}={p.number(1, 99)})"]))
    if key not in obj.info["keys"]:
        obj.info["keys"].append(key)
    return None


@step("dict", 3)
def dict_set_object(p, obj, path):
    other, other_path = p.pick("list dict set array inst func class frame deque bytes rng")
    if other is None:
        return False
    key = p.word()
    p.emit(f"{path}['{key}'] = {other_path}")
    obj.children[f"['{key}']"] = other
    if key in obj.info["keys"]:
        obj.info["keys"].remove(key)
    return None


@step("dict", 1)
def dict_pop(p, obj, path):
    if not obj.info["keys"]:
        return False
    key = obj.info["keys"].pop(p.number(0, len(obj.info["keys"]) - 1))
    p.emit(f"{p.random.choice(['', 'count_of = '])}{path}.pop('{key}')")
    return None


@step("dict", 4)
def dict_default(p, obj, path):
    if not obj.info.get("default"):
        return False
    key = p.word()
    if key in obj.info["keys"]:
        return False
    child = obj.children.get(f"['{key}']") or Obj("list", 0, ints=True)
    if child.kind != "list":
        return False
    p.emit(f"{path}['{key}'].append({p.number(1, 9)})")
    obj.children[f"['{key}']"] = child
    child.n += 1
    return None


@start("views", 3)
def dict_view(p):
    """A view of a dictionary, or a proxy of it: it shows what is put into the dictionary later."""
    obj, path = p.pick("dict")
    if obj is None:
        return new_dict(p)
    name = p.target("tuple")
    if p.random.random() < 0.4:
        p.need("from types import MappingProxyType")
        p.emit(f"{name} = MappingProxyType({path})")
    else:
        p.emit(f"{name} = {path}.{p.random.choice(['keys', 'items', 'values'])}()")
    return p.bind(name, Obj("view"))


@step("view", 3)
def use_view(p, obj, path):
    p.emit(f"print(len({path}), show(list({path})))")


@step("counter", 2)
def counter_update(p, obj, path):
    p.emit(f"{path}.update({p.word()!r})", f"print({path}.total(), sorted({path}.items())[:3])")


@step("chain", 2)
def chain_set(p, obj, path):
    p.emit(f"{path}['{p.word()}'] = {p.number(1, 9)}", f"print(sorted({path}), len({path}.maps))")


@step("set", 3)
def set_change(p, obj, path):
    word = p.word()
    p.emit(p.random.choice([f"{path}.add('{word}')", f"{path}.discard('{word}')", f"{path}.update(['{word}', 'x'])",
                            f"{path}.symmetric_difference_update({{'{word}'}})"]))


@step("deque", 3)
def deque_change(p, obj, path):
    v = p.number(1, 99)
    p.emit(p.random.choice([f"{path}.append({v})", f"{path}.appendleft({v})", f"{path}.rotate({v % 3})",
                            f"if len({path}) > 2: {path}.popleft()", f"{path}.extend(range({v % 4}))"]))


@step("ns", 2)
def namespace_set(p, obj, path):
    attribute = p.random.choice(ATTRIBUTES)
    other, other_path = p.pick("list dict set array inst func")
    if other is None or p.random.random() < 0.4:
        p.emit(f"{path}.{attribute} = {p.number(1, 99)}")
        obj.children.pop(f".{attribute}", None)
    else:
        p.emit(f"{path}.{attribute} = {other_path}")
        obj.children[f".{attribute}"] = other


# --- functions -----------------------------------------------------------------------------------------------------
# info: call is the text of a call, with the path for %s; grows are the lists that each call makes longer by one.

@start("defaults", 3)
def mutable_default(p):
    name, grown = p.fresh("func"), Obj("list", 0, ints=True)
    p.emit(f"def {name}(value, seen=[]):", f"    seen.append(value * {p.number(2, 5)})", "    return seen", "")
    p.bind(name, Obj("func", children={".__defaults__[0]": grown}, call="%s({n})", grows=[grown]))
    result = p.target("list")
    p.emit(f"{result} = {name}({p.number(1, 9)})")
    grown.n += 1
    p.bind(result, grown)


@start("globals", 3)
def global_counter(p):
    name, counter = p.fresh("func"), p.fresh("int")
    p.emit(f"{counter} = {p.number(0, 9)}", "", f"def {name}(step=1):", f"    global {counter}", f"    {counter} += step",
           f"    return {counter}", "")
    p.bind(counter, Obj("int"))
    p.pinned.add(counter)
    p.bind(name, Obj("func", call="%s({n})", grows=[]))


@start("globals", 2)
def global_list(p):
    lists = [n for n, o in p.names.items() if o.kind == "list"]
    if not lists:
        return new_list(p)
    name, used = p.fresh("func"), p.random.choice(lists)
    p.pinned.add(used)
    p.emit(f"def {name}(value):", f"    {used}.append(value)", f"    return len({used})", "")
    return p.bind(name, Obj("func", call="%s({n})", grows=[p.names[used]]))


@start("globals", 1)
def used_before_bound(p):
    name, later = p.fresh("func"), p.fresh("dict")
    p.pinned.add(later)
    p.emit(f"def {name}(key):", f"    return {later}.setdefault(key, len({later}))", "",
           f"{later} = {{'{p.word()}': 0}}")
    p.bind(later, Obj("registry"))
    p.bind(name, Obj("func", call="%s('{w}')", grows=[]))


@start("closures", 3)
def closure_pair(p):
    first, second, maker = p.fresh("func"), p.fresh("func") + "_value", f"make_pair{p.label()}"
    p.emit(f"def {maker}(total):", "    def add(by):", "        nonlocal total", "        total += by",
           "        return total", "    return add, lambda: total", "", f"{first}, {second} = {maker}({p.number(0, 9)})")
    p.bind(maker, Obj("module"))
    p.bind(first, Obj("func", call="%s({n})", grows=[]))
    p.bind(second, Obj("func", call="%s()", grows=[]))


@start("closures", 3)
def closure_over_list(p):
    obj, path = p.pick("list")
    if obj is None:
        return new_list(p)
    name, maker = p.fresh("func"), f"make_adder{p.label()}"
    p.emit(f"def {maker}(store):", "    def add(value):", "        store.append(value)",
           f"        return len(store) * {p.number(1, 5)}", "    return add", "", f"{name} = {maker}({path})")
    p.bind(maker, Obj("module"))
    return p.bind(name, Obj("func", children={".__closure__[0].cell_contents": obj}, call="%s({n})", grows=[obj]))


@start("decorators", 3)
def decorated(p):
    p.need("from functools import wraps")
    name, decorator = p.fresh("func"), f"counted{p.label()}"
    calls = Obj("list", 0, ints=True)
    p.emit(f"def {decorator}(function):", "    @wraps(function)", "    def wrapper(*args):",
           "        wrapper.calls.append(len(args))", "        return function(*args) + len(wrapper.calls)",
           "    wrapper.calls = []", "    return wrapper", "", "", f"@{decorator}", f"def {name}(value):",
           f"    return value * {p.number(2, 7)}", "")
    p.bind(decorator, Obj("module"))
    p.bind(name, Obj("func", children={".calls": calls}, call="%s({n})", grows=[calls]))


@start("partials", 3)
def new_partial(p):
    obj, path = p.pick("list")
    if obj is None:
        return new_list(p)
    name = p.fresh("func")
    if p.random.random() < 0.5:
        p.need("from functools import partial")
        p.emit(f"{name} = partial({path}.append, {p.number(1, 99)})")
        return p.bind(name, Obj("func", children={".func.__self__": obj}, call="%s()", grows=[obj], partial=True))
    p.emit(f"{name} = {path}.append")
    return p.bind(name, Obj("bound", children={".__self__": obj}, call="%s({n})", grows=[obj]))


@start("lambdas", 2)
def table_of_lambdas(p):
    name, factor = p.target("dict"), p.fresh("int")
    p.emit(f"{factor} = {p.number(2, 9)}",
           f"{name} = {{'scale': lambda v: v * {factor}, 'shift': lambda v, by={p.number(1, 9)}: v + by}}")
    p.bind(factor, Obj("int"))
    p.pinned.add(factor)
    p.bind(name, Obj("dict", keys=[], children={"['scale']": Obj("func", call="%s({n})", grows=[]),
                                                "['shift']": Obj("func", call="%s({n})", grows=[])}))


@start("dispatch", 2)
def single_dispatch(p):
    p.need("from functools import singledispatch")
    name = p.fresh("func")
    p.emit("@singledispatch", f"def {name}(value):", "    return 'other'", "", "",
           f"@{name}.register(int)", "def _(value):", f"    return value + {p.number(1, 50)}", "")
    p.bind(name, Obj("func", call="%s({n})", grows=[], dispatch=True))


@start("operators", 2)
def operator_function(p):
    p.need("import operator")
    name = p.fresh("func")
    text, call = p.random.choice([("operator.itemgetter(0, -1)", "%s([{n}, 2, 3])"),
                                  ("operator.methodcaller('replace', 'e', '3')", "%s('{w}')"),
                                  ("operator.attrgetter('real')", "%s({n})")])
    p.emit(f"{name} = {text}")
    p.bind(name, Obj("bound", call=call, grows=[]))


@start("caches", 2)
def cached_function(p):
    """Only results are printed: what such a cache holds may be dropped."""
    p.need("from functools import lru_cache")
    name = p.fresh("func")
    p.emit("@lru_cache(maxsize=None)", f"def {name}(n):",
           f"    return n if n < 2 else ({name}(n - 1) + {name}(n - 2)) % {p.number(50, 999)}", "")
    p.pinned.add(name)
    p.bind(name, Obj("bound", call="%s({n})", grows=[]))


@step("func bound", 6)
def call_function(p, obj, path):
    call = obj.info["call"].replace("%s", path).replace("{n}", str(p.number(1, 40))).replace("{w}", p.word())
    if p.random.random() < 0.5:
        p.emit(f"print(show({call}))")
    else:
        name = p.fresh("int")
        p.emit(f"{name} = show({call})")
        p.taken.add(name)
    for grown in obj.info["grows"]:
        grown.n += 1


@step("func", 1)
def function_attribute(p, obj, path):
    if obj.info.get("partial"):
        return False
    p.emit(f"{path}.uses = getattr({path}, 'uses', 0) + 1", f"print({path}.uses)")
    return None


@step("func", 2)
def extend_dispatch(p, obj, path):
    if not obj.info.get("dispatch"):
        return False
    p.emit(f"{path}.register(str, lambda value: value * {p.number(2, 3)})", f"print({path}('ab'), {path}(2.5))")
    return None


# --- classes -------------------------------------------------------------------------------------------------------

@start("classes", 4)
def new_class(p):
    name = p.fresh("class")
    registry = Obj("list", 0, registry=True)
    p.emit(f"class {name}:", "    registry = []", f"    created = {p.number(0, 3)}", "",
           f"    def __init__(self, size={p.number(1, 9)}):", "        self.size, self.items = size, [size]",
           "        type(self).created += 1", "        self.registry.append(self)", "",
           "    def work(self, by=1):", f"        self.size += by * {p.number(1, 4)}", "        return self.size", "",
           "    @property", "    def double(self):", "        self.reads = getattr(self, 'reads', 0) + 1",
           "        return self.size * 2", "")
    p.bind(name, Obj("class", children={".registry": registry}, registry=registry, slots=False))
    p.pinned.add(name)
    new_instance(p, p.names[name], name)


@start("classes", 2)
def subclass(p):
    names = [n for n, o in p.names.items() if o.kind == "class" and "registry" in o.info]
    if not names:
        return new_class(p)
    base, name = p.random.choice(names), p.fresh("class")
    p.emit(f"class {name}({base}):", f"    bonus = {p.number(1, 50)}", "", "    def work(self, by=1):",
           f"        self.items.append({name}.bonus)", "        return super().work(by + 1)", "")
    cls = Obj("class", children=p.names[base].children, registry=p.names[base].info["registry"], slots=False, sub=True)
    p.bind(name, cls)
    p.pinned.add(name)
    return new_instance(p, cls, name)


@step("class", 3)
def new_instance(p, cls, path):
    name = p.target("inst")
    if "fields" in cls.info:
        return False
    items, registry = Obj("list", 1, ints=True), cls.info["registry"]
    inst = Obj("inst", children={".items": items, ".__class__": cls}, cls=cls)
    p.emit(f"{name} = {path}({p.number(1, 9)})")
    registry.children[f"[{registry.n}]"] = inst
    registry.n += 1
    return p.bind(name, inst)


@step("class", 2)
def change_class(p, cls, path):
    what = p.number(0, 2)
    if "fields" in cls.info:
        return False
    if what == 0:
        p.emit(f"{path}.created += {p.number(1, 5)}", f"print({path}.created)")
    elif what == 1:
        p.emit(f"{path}.describe = lambda self: (self.size, {p.number(1, 99)})", 
               f"print([one.describe() for one in {path}.registry if isinstance(one, {path})])")
    else:
        p.emit(f"{path}.unit = {p.word()!r}", f"print([one.unit for one in {path}.registry if isinstance(one, {path})])")
    return None


@start("classes", 1)
def redefine_class(p):
    """A second class of the same name: the instances of the first one keep theirs."""
    names = [n for n, o in p.names.items() if o.kind == "class" and "registry" in o.info and not o.info.get("sub")]
    if not names:
        return new_class(p)
    name = p.random.choice(names)
    kept = p.fresh("class")
    old, registry = p.names[name], Obj("list", 0, registry=True)
    p.bind(kept, old)
    p.pinned.add(kept)
    p.emit(f"{kept} = {name}", "", "", f"class {name}:", "    registry, created = [], 0", "",
           "    def __init__(self, size=0):", "        self.size, self.items = size, [0]",
           "        self.registry.append(self)", "", "    def work(self, by=1):", f"        return -by * {p.number(1, 9)}",
           "", "    double = property(lambda self: 'new')", "", f"print({kept} is {name}, {kept}.__name__)")
    p.bind(name, Obj("class", children={".registry": registry}, registry=registry, slots=False))
    return new_instance(p, p.names[name], name)


@step("inst", 3)
def instance_work(p, obj, path):
    p.emit(f"print({path}.work({p.number(1, 5)}), {path}.double)")
    if obj.info["cls"].info.get("sub"):
        obj.children[".items"].n += 1 if ".items" in obj.children else 0


@step("inst", 2)
def instance_attribute(p, obj, path):
    other, other_path = p.pick("list dict set array inst frame bytes")
    attribute = p.random.choice(ATTRIBUTES[2:])
    if other is None or p.random.random() < 0.4:
        p.emit(f"{path}.{attribute} = {p.number(1, 99)}")
        obj.children.pop(f".{attribute}", None)
    else:
        p.emit(f"{path}.{attribute} = {other_path}")
        obj.children[f".{attribute}"] = other


@step("inst", 1)
def bound_method(p, obj, path):
    name = p.fresh("func")
    if obj.info["cls"].info.get("sub"):
        return False
    p.emit(f"{name} = {path}.work")
    return p.bind(name, Obj("bound", children={".__self__": obj}, call="%s({n})", grows=[]))


@step("inst", 1)
def own_method(p, obj, path):
    p.need("from types import MethodType")
    p.emit(f"{path}.shout = MethodType(lambda self, n: (self.size, n), {path})", f"print({path}.shout({p.number(1, 9)}))")


@start("slots", 3)
def slotted_class(p):
    """A class with slots, equality, a class method, a static method and a descriptor."""
    name, one, check = p.fresh("class"), p.target("inst"), f"Checked{p.label()}"
    p.emit(f"class {check}:", "    log = []", "", "    def __set_name__(self, owner, name):", "        self.name = '_' + name",
           "", "    def __get__(self, instance, owner):", "        return self if instance is None else getattr(instance, self.name)",
           "", "    def __set__(self, instance, value):", f"        {check}.log.append(value)",
           f"        setattr(instance, self.name, value % {p.number(20, 90)})", "", "",
           f"class {name}:", "    __slots__ = ('_level', 'tag')", f"    level = {check}()", "    made = 0", "",
           "    def __init__(self, level, tag=None):", "        self.level, self.tag = level, tag", "",
           "    @classmethod", "    def make(cls, level):", "        cls.made += 1", "        return cls(level, cls.made)", "",
           "    @staticmethod", "    def rate(n):", f"        return n * {p.number(2, 9)}", "",
           "    def __eq__(self, other):", f"        return isinstance(other, {name}) and self.level == other.level", "",
           "    def __hash__(self):", "        return hash(self._level)", "", "    def __call__(self, by):",
           "        self.level += by", "        return self.level", "", f"{one} = {name}.make({p.number(1, 99)})")
    p.bind(check, Obj("module"))
    p.bind(name, Obj("module"))
    p.pinned |= {check, name}
    p.bind(one, Obj("slotted", cls=name, check=check))


@step("slotted", 4)
def use_slotted(p, obj, path):
    other, other_path = p.pick("list dict set array inst slotted")
    choices = [f"print({path}({p.number(1, 30)}), {obj.info['check']}.log[-3:])",
               f"print({path} == {obj.info['cls']}.make({p.number(1, 30)}), {obj.info['cls']}.made, {path}.rate(2))",
               f"print({{{path}: 1}} == {{{obj.info['cls']}({path}.level): 1}})"]
    if other is not None and p.random.random() < 0.4:
        p.emit(f"{path}.tag = {other_path}")
        obj.children[".tag"] = other
    else:
        p.emit(p.random.choice(choices))


@start("registries", 2)
def class_registry(p):
    """Subclasses register themselves; neither hook may run again when a class is restored."""
    base, known = f"Handler{p.label()}", p.target("list")
    p.emit(f"{known} = []", "", "", f"class {base}:", "    handlers = {}", "",
           "    def __init_subclass__(cls, key=None, **options):", "        super().__init_subclass__(**options)",
           f"        {base}.handlers[key or cls.__name__] = cls", f"        {base}.known.append(cls.__name__)", "",
           f"{base}.known = {known}")
    p.pinned |= {base}
    names = Obj("loose")
    p.bind(known, names)
    p.bind(base, Obj("handlers", children={".known": names}, name=base))


@step("handlers", 4)
def add_handler(p, obj, path):
    name = f"Handle{p.label()}"
    p.emit("", f"class {name}({path}, key='{p.word()}'):", "    def run(self, n):", f"        return n + {p.number(1, 50)}", "",
           f"print(sorted({path}.handlers), {path}.known, {name}().run(1))")
    p.bind(name, Obj("module"))
    p.pinned.add(name)


@step("inst", 1)
def instance_as_key(p, obj, path):
    name = p.target("dict")
    p.emit(f"{name} = {{{path}: {p.number(1, 99)}, 'k': {path}}}", f"print({name}[{path}], {name}['k'] in {name})")
    p.bind(name, Obj("keyed", children={"['k']": obj}))


@step("keyed", 3)
def use_keyed(p, obj, path):
    p.emit(f"{path}[{path}['k']] += {p.number(1, 9)}", f"print({path}[{path}['k']], len({path}))")


@start("weakrefs", 2)
def weak_reference(p):
    obj, path = p.pick("inst set")
    if obj is None:
        return new_list(p)
    p.need("import weakref")
    name = p.target("ref")
    p.emit(f"{name} = weakref.ref({path})", f"print({name}() is {path})")
    return p.bind(name, Obj("ref"))


@step("ref", 1)
def follow_reference(p, obj, path):
    p.emit(f"print(show({path}()))")


@start("dataclasses", 4)
def new_dataclass(p):
    p.need("from dataclasses import dataclass, field, replace")
    name, frozen = p.fresh("class"), p.random.random() < 0.4
    options = p.random.choice(["frozen=True", "frozen=True, slots=True"]) if frozen else p.random.choice(
        ["order=True", "slots=True", "eq=False"])
    p.emit(f"@dataclass({options})", f"class {name}:", "    code: int", f"    label: str = {p.word()!r}",
           "    items: list = field(default_factory=list)", "")
    cls = Obj("class", fields=True, frozen=frozen)
    p.bind(name, cls)
    p.pinned.add(name)
    one, (shared, path) = p.target("inst"), p.pick("list")
    if shared is None:
        shared, path = Obj("list", 0, ints=True), "[]"
    p.emit(f"{one} = {name}({p.number(1, 9)}, items={path})")
    p.bind(one, Obj("data", children={".items": shared, ".__class__": cls}, frozen=frozen))


@step("data", 3)
def change_data(p, obj, path):
    p.need("from dataclasses import dataclass, field, replace")
    if obj.info["frozen"] or p.random.random() < 0.4:
        name = p.target("inst")
        p.emit(f"{name} = replace({path}, code={path}.code + {p.number(1, 9)})", f"print({name} == {path})")
        return p.bind(name, Obj("data", children=obj.children, **obj.info))
    p.emit(f"{path}.code += {p.number(1, 9)}", f"{path}.label += '!'")
    return None


@start("enums", 3)
def new_enum(p):
    p.need("from enum import Enum, Flag, auto")
    name = f"Colour{p.label()}"
    table = p.target("dict")
    p.emit(f"class {name}(Enum):", "    RED = auto()", f"    BLUE = {p.word()!r}", "    GREEN = (1, 2)", "",
           "    def other(self):", f"        return {name}.BLUE if self is {name}.RED else {name}.RED", "",
           f"{table} = {{{name}.RED: 1, {name}.BLUE: [2]}}")
    p.bind(name, Obj("enum", table=None))
    p.pinned.add(name)
    p.bind(table, Obj("byenum", children={f"[{name}.BLUE]": Obj("list", 1, ints=True)}, enum=name))


@step("byenum", 3)
def change_by_enum(p, obj, path):
    enum = obj.info["enum"]
    p.emit(f"{path}[{enum}.RED] += {p.number(1, 9)}", f"{path}[{enum}['GREEN']] = {enum}.RED.other()",
           f"print([key.name for key in {path}], {enum}.GREEN in {path}, {path}[{enum}.GREEN] is {enum}.BLUE)")


@step("enum", 1)
def use_enum(p, obj, path):
    p.emit(f"print([member.name for member in {path}], {path}.BLUE.other().other() is {path}.BLUE, {path}((1, 2)).name)")


@start("namedtuples", 3)
def new_namedtuple(p):
    p.need("from collections import namedtuple")
    cls, name, (obj, path) = f"Point{p.label()}", p.target("tuple"), p.pick("list dict set array")
    if obj is None:
        obj, path = Obj("list", 1, ints=True), "[1]"
    p.emit(f"{cls} = namedtuple('{cls}', 'x y load', defaults=[None])",
           f"{name} = {cls}({p.number(1, 9)}, {p.number(1, 9)}, {path})")
    p.bind(cls, Obj("module"))
    p.pinned.add(cls)
    p.bind(name, Obj("named", children={".load": obj}))


@step("named", 2)
def use_namedtuple(p, obj, path):
    name = p.target("tuple")
    p.emit(f"{name} = {path}._replace(x={path}.x + {p.number(1, 9)})", f"print({name}[:2], {name} > {path} if {name}.x != {path}.x else 0)")
    p.bind(name, Obj("named", children=obj.children))


@start("properties", 3)
def new_cached_property(p):
    p.need("from functools import cached_property")
    name, one, made = f"Report{p.label()}", p.target("inst"), Obj("loose")
    p.emit(f"class {name}:", "    made = []", "", "    def __init__(self, rows):", "        self._rows = rows", "",
           "    @property", "    def rows(self):", "        return self._rows", "", "    @rows.setter",
           "    def rows(self, value):", "        self._rows = value", "        self.__dict__.pop('summary', None)", "",
           "    @cached_property", "    def summary(self):", f"        {name}.made.append(self._rows)",
           f"        return self._rows * {p.number(2, 9)}", "", f"{one} = {name}({p.number(1, 20)})")
    p.bind(name, Obj("module", children={}))
    p.pinned.add(name)
    p.bind(one, Obj("cached", children={".__class__.made": made}, name=name))


@step("cached", 4)
def use_cached(p, obj, path):
    p.emit(p.random.choice([f"print({path}.summary, {obj.info['name']}.made)", f"{path}.rows += {p.number(1, 9)}",
                            f"print({path}.summary + {path}.rows)"]))


# --- iterators, bytes, generators of random numbers ----------------------------------------------------------------

@start("iterators", 4)
def new_iterator(p):
    name, (obj, path) = p.target("iter"), p.pick("list")
    values = [p.number(0, 99) for _ in range(p.number(6, 12))]
    choices = [f"iter({values})", f"enumerate({values})", f"zip({values}, {WORDS[:5]})", f"map(str, {values})",
               f"iter(range({p.number(5, 50)}))", f"reversed({values})", f"filter(None, {values})", f"iter({p.word()!r})"]
    if obj is not None and not any(child.kind in ("frame", "array") for child in obj.children.values()):
        choices += [f"iter({path})", f"enumerate({path}, start={p.number(1, 9)})"] * 2
    p.emit(f"{name} = {p.random.choice(choices)}")
    p.bind(name, Obj("iter"))


@start("iterators", 2)
def own_iterator(p):
    cls, name = f"Steps{p.label()}", p.target("iter")
    p.emit(f"class {cls}:", "    def __init__(self, last):", "        self.at, self.last = 0, last", "",
           "    def __iter__(self):", "        return self", "", "    def __next__(self):",
           "        if self.at >= self.last:", "            raise StopIteration",
           f"        self.at += {p.number(1, 3)}", "        return self.at", "", f"{name} = {cls}({p.number(5, 20)})")
    p.bind(cls, Obj("module"))
    p.pinned.add(cls)
    p.bind(name, Obj("iter"))


@step("iter", 5)
def draw_iterator(p, obj, path):
    p.emit(p.random.choice([f"print(show(next({path}, 'end')))",
                            f"print(show([item for _, item in zip(range({p.number(1, 3)}), {path})]))"]))


@start("bytes", 4)
def new_bytes(p):
    name = p.target("bytes")
    n = p.number(8, 16)
    p.emit(f"{name} = bytearray({[p.number(0, 255) for _ in range(n)]})")
    obj = p.bind(name, Obj("bytes", n))
    if p.random.random() < 0.5:
        view = p.fresh("bytes") + "_view"
        a = p.number(0, 3)
        p.emit(f"{view} = memoryview({name})[{a}:]")
        p.bind(view, Obj("bytes", n - a))
    elif "numpy" in p.features:
        p.need("import numpy as np")
        view = p.fresh("array")
        p.emit(f"{view} = np.frombuffer({name}, dtype='u1')")
        p.bind(view, Obj("array", n, shape=(n,), dtype="u1"))
    return obj


@step("bytes", 3)
def change_bytes(p, obj, path):
    p.emit(f"{path}[{p.number(0, obj.n - 1)}] = {p.number(0, 255)}")


@step("bytes", 1)
def struct_bytes(p, obj, path):
    p.need("import struct")
    p.emit(f"struct.pack_into('<h', {path}, {p.number(0, obj.n - 2)}, {p.number(-300, 300)})",
           f"print(struct.unpack_from('>Hb', {path}, {p.number(0, obj.n - 3)}), zlib.crc32({path}))")
    p.need("import zlib")


@start("arrays", 2)
def stdlib_array(p):
    p.need("from array import array")
    name = p.target("list")
    p.emit(f"{name} = array('i', {p.ints(3, 5)})")
    p.bind(name, Obj("pyarray"))


@step("pyarray", 2)
def change_stdlib_array(p, obj, path):
    p.emit(f"{path}.append({p.number(1, 99)})", f"{path}[0] += 1", f"print(sum({path}), {path}.typecode)")


@start("streams", 2)
def memory_stream(p):
    p.need("import io")
    name = p.target("file")
    p.emit(f"{name} = io.StringIO({p.word() + chr(10) + p.word()!r})", f"print(repr({name}.readline()))")
    p.bind(name, Obj("stringio"))


@step("stringio", 3)
def use_memory_stream(p, obj, path):
    p.emit(p.random.choice([f"print({path}.write({p.word()!r}), {path}.tell())", f"print(repr({path}.read(2)))",
                            f"{path}.seek(1)", f"print(repr({path}.getvalue()))"]))


@start("random", 4)
def new_rng(p):
    name, seed = p.target("rng"), p.number(0, 999)
    if "numpy" in p.features and p.random.random() < 0.5:
        p.need("import numpy as np")
        p.emit(f"{name} = {p.random.choice([f'np.random.default_rng({seed})', f'np.random.RandomState({seed})'])}")
        legacy = p.cells[-1][1][-1].endswith(f"RandomState({seed})")
        return p.bind(name, Obj("rng", draw=f".{'randint' if legacy else 'integers'}(1000, size=3).tolist()",
                                real=".normal(size=2).round(6).tolist()"))
    p.need("import random")
    if p.random.random() < 0.3:
        p.emit(f"random.seed({seed})", f"{name} = random.randint")
        return p.bind(name, Obj("rng", draw="(1, 999)", real="(1, 9)"))
    p.emit(f"{name} = random.Random({seed})")
    return p.bind(name, Obj("rng", draw=".sample(range(99), 3)", real=".gauss(0, 1)"))


@step("rng", 5)
def draw_rng(p, obj, path):
    p.emit(f"print(show({path}{p.random.choice([obj.info['draw'], obj.info['real']])}))")


# --- files, loggers, regexes, exceptions, dates, money ---------------------------------------------------------------

@start("files", 4)
def new_file(p):
    name, path = p.target("file"), f"file{p.label()}.txt"
    if p.random.random() < 0.5:
        p.emit(f"{name} = open('{path}', '{p.random.choice(['w', 'a', 'w+'])}')", f"{name}.write('{p.word()}\\n')")
        p.bind(name, Obj("writer", file=path))
    else:
        p.emit(f"with open('{path}', 'w') as file:",
               f"    file.writelines(f'{p.word()} {{i}}\\n' for i in range({p.number(4, 9)}))", f"{name} = open('{path}')",
               f"print(repr({name}.readline()))")
        p.bind(name, Obj("reader"))


@step("writer", 4)
def write_file(p, obj, path):
    choice = p.number(0, 4)
    if choice < 3:
        p.emit(f"print('{p.word()}', {p.number(1, 99)}, file={path})")
    elif choice == 3:
        p.emit(f"{path}.flush()", f"with open('{obj.info['file']}') as file:", "    print(file.read().split(), file.tell())")
    else:
        p.emit(f"if not {path}.closed:", f"    {path}.flush()", f"print({path}.tell(), {path}.closed, {path}.name)")


@step("reader", 4)
def read_file(p, obj, path):
    p.emit(p.random.choice([f"print(repr({path}.readline()))", f"print(repr({path}.read(3)), {path}.tell())"]))


@start("logging", 3)
def new_logger(p):
    p.need("import logging")
    p.need("import io")
    name, number = p.fresh("logger"), p.label()
    buffer = f"{name}_text"
    p.emit(f"{name}, {buffer} = logging.getLogger('app{number}'), io.StringIO()", f"{name}.propagate = False",
           f"{name}.addHandler(logging.StreamHandler({buffer}))", f"{name}.setLevel(logging.INFO)",
           f"{name}.info('started {number}')")
    p.pinned |= {name, buffer}
    p.bind(buffer, Obj("module"))
    p.bind(name, Obj("logger", buffer=buffer, number=number))


@step("logger", 4)
def use_logger(p, obj, path):
    p.emit(p.random.choice([f"{path}.warning('{p.word()} %d', {p.number(1, 99)})",
                            f"logging.getLogger('app{obj.info['number']}.child').info('below')",
                            f"{path}.setLevel(logging.{p.random.choice(['DEBUG', 'ERROR', 'INFO'])})",
                            f"{path}.handlers[0].setFormatter(logging.Formatter('%(levelname)s %(message)s'))"]),
           f"print({obj.info['buffer']}.getvalue().split('\\n'), len({path}.handlers))")


@start("regexes", 3)
def new_regex(p):
    p.need("import re")
    name = p.target("regex")
    text = p.random.choice([r"(?P<word>[a-z]+)(\d*)", r"[aeiou]{1,2}", r"(?i)\b(p|f)\w+"])
    p.emit(f"{name} = re.compile(r'{text}')")
    p.bind(name, Obj("regex"))


@step("regex", 3)
def use_regex(p, obj, path):
    text = " ".join(p.word() for _ in range(3))
    p.emit(f"print({path}.findall('{text} 42'), {path}.sub(lambda m: m[0].upper(), '{text}'), {path}.groups)")


@start("errors", 4)
def new_error(p):
    name = p.target("error")
    kind = p.number(0, 2)
    if kind == 0:
        p.emit("try:", f"    {p.random.choice(['1 / 0', '{}[1]', 'int(repr(1.5))', '[].pop()'])}",
               "except Exception as error:", f"    {name} = error")
    elif kind == 1:
        p.emit("try:", "    try:", f"        raise KeyError('{p.word()}')", "    except KeyError as error:",
               f"        raise RuntimeError('failed', {p.number(1, 9)}) from error", "except RuntimeError as error:",
               f"    {name} = error")
    else:
        cls, (obj, path) = f"Problem{p.label()}", p.pick("list dict")
        path = path or "None"
        p.emit(f"class {cls}(Exception):", "    def __init__(self, code, where):",
               "        super().__init__(f'problem {code}')", "        self.code, self.where = code, where", "",
               "try:", f"    raise {cls}({p.number(1, 99)}, {path})", f"except {cls} as error:", f"    {name} = error")
        p.bind(cls, Obj("module"))
        p.pinned.add(cls)
        return p.bind(name, Obj("error", children={".where": obj} if obj else {}, own=True))
    return p.bind(name, Obj("error"))


@step("error", 3)
def use_error(p, obj, path):
    choices = [f"{path}.add_note('{p.word()}')", f"print(type({path}).__name__, {path}, repr({path}.__cause__))"]
    if obj.info.get("own"):
        choices.append(f"print({path}.code, type({path}).__mro__[1].__name__)")
    p.emit(p.random.choice(choices))


@start("dates", 3)
def new_date(p):
    p.need("from datetime import date, datetime, timedelta")
    name = p.target("date")
    if p.random.random() < 0.6:
        p.need("from zoneinfo import ZoneInfo")
        zone = p.random.choice(["Europe/Paris", "America/Chicago", "Asia/Tokyo"])
        p.emit(f"{name} = datetime(2024, {p.number(1, 12)}, {p.number(1, 28)}, {p.number(0, 23)}, tzinfo=ZoneInfo('{zone}'))")
    else:
        p.emit(f"{name} = datetime(2024, {p.number(1, 12)}, {p.number(1, 28)})")
    p.bind(name, Obj("date"))


@step("date", 3)
def use_date(p, obj, path):
    delta = f"timedelta(days={p.number(1, 90)}, hours={p.number(0, 9)})"
    if path.isidentifier() and p.random.random() < 0.5:
        p.emit(f"{path} += {delta}")
    else:
        p.emit(f"print(({path} - {delta}).isoformat(), {path}.utcoffset(), {path}.strftime('%a %j'))")


@start("money", 3)
def new_money(p):
    name = p.target("money")
    if p.random.random() < 0.6:
        p.need("from decimal import Decimal, getcontext")
        p.emit(f"{name} = Decimal('{p.number(1, 999)}.{p.number(10, 99)}')")
        p.bind(name, Obj("money"))
    else:
        p.need("from fractions import Fraction")
        p.emit(f"{name} = Fraction({p.number(1, 20)}, {p.number(3, 20)})")
        p.bind(name, Obj("money"))


@step("money", 3)
def use_money(p, obj, path):
    if path.isidentifier():
        p.emit(f"{path} = {path} / {p.number(3, 9)} + {p.number(1, 9)}")
    if "from decimal import Decimal, getcontext" in p.imported and p.random.random() < 0.3:
        p.emit(f"getcontext().prec = {p.number(5, 12)}", "print(Decimal(1) / 7)")


@start("strings", 2)
def evaluated_text(p):
    """Names that only a string mentions."""
    names = [n for n, o in p.names.items() if o.kind in ("list", "dict", "set", "deque", "tuple")]
    if not names:
        return new_list(p)
    name = p.random.choice(names)
    half = len(name) // 2
    kind = p.number(0, 3)
    if kind == 0:
        p.emit(f"print(eval('len({name})'))")
    elif kind == 1:
        p.emit(f"print(len(globals()['{name[:half]}' + '{name[half:]}']))")
    elif kind == 2:
        p.emit(f"print('{name}' in globals(), sorted(k for k in globals() if k == '{name}'))")
    elif p.names[name].kind == "list":
        p.emit(f"exec('{name}.append({p.number(1, 99)})')")
        p.names[name].n += 1
    return None


# --- numpy ---------------------------------------------------------------------------------------------------------

@start("numpy", 6)
def new_array(p):
    p.need("import numpy as np")
    name, n = p.target("array"), p.random.choice([6, 8, 12, 24])
    p.emit(f"{name} = " + p.random.choice([f"np.arange({n})", f"np.zeros({n}, dtype='i8')", f"np.arange({n}) ** 2 % 17",
                                           f"np.linspace(0, 8, {n})"]))
    kind = "f8" if "linspace" in p.cells[-1][1][-1] else "i8"
    p.bind(name, Obj("array", n, shape=(n,), dtype=kind))
    if p.random.random() < 0.6:
        array_view(p, p.names[name], name)


@start("numpy", 2)
def object_array(p):
    p.need("import numpy as np")
    obj, path = p.pick("list dict set")
    if obj is None:
        return new_list(p)
    name = p.target("array")
    p.emit(f"{name} = np.empty(3, dtype=object)", f"{name}[0] = {path}", f"{name}[2] = {p.word()!r}")
    return p.bind(name, Obj("objarray", 3, {"[0]": obj}))


@step("array", 4)
def array_view(p, obj, path):
    name, shape = p.target("array"), obj.info["shape"]
    if len(shape) == 1:
        n = shape[0]
        choices = []
        if n > 3:
            a = p.number(0, n - 3)
            b = p.number(a + 2, n)
            choices += [(f"{path}[{a}:{b}]", (b - a,)), (f"{path}[::2]", ((n + 1) // 2,)), (f"{path}[::-1]", (n,))]
        if n % 2 == 0 and n > 3:
            choices.append((f"{path}.reshape(2, -1)", (2, n // 2)))
        if not choices:
            return False
    else:
        rows, columns = shape
        choices = [(f"{path}.T", (columns, rows)), (f"{path}[{p.number(0, rows - 1)}]", (columns,)),
                   (f"{path}[:, {p.number(0, columns - 1)}]", (rows,))]
    text, new = p.random.choice(choices)
    p.emit(f"{name} = {text}")
    return p.bind(name, Obj("array", new[0], shape=new, dtype=obj.info["dtype"]))


@step("array", 6)
def array_write(p, obj, path):
    shape = obj.info["shape"]
    spot = ", ".join(str(p.number(0, side - 1)) for side in shape)
    v = p.number(1, 60)
    p.emit(p.random.choice([f"{path}[{spot}] = {v}", f"{path}[1:] += 1", f"np.add({path}, 1, out={path})",
                            f"{path}[...] = {path} * 3 % 101", f"{path}[{path} > {v}] = {v}", f"{path}[:1] = {v}",
                            f"{path}.sort()" if len(shape) == 1 else f"{path}.fill({v})"]))


@step("array", 2)
def array_derive(p, obj, path):
    name = p.target("array")
    text = p.random.choice([f"{path}.copy()", f"{path} + 1", f"np.concatenate([{path}, {path}])"])
    shape = obj.info["shape"]
    if "concat" in text:
        shape = (shape[0] * 2, *shape[1:])
        if shape[0] > 60:
            return False
    p.emit(f"{name} = {text}")
    return p.bind(name, Obj("array", shape[0], shape=shape, dtype=obj.info["dtype"]))


@start("numpy", 1)
def shared_with_frames(p):
    """Columns over the memory of an array: some libraries show later writes to it, some copy."""
    obj, path = p.pick("array", lambda o: len(o.info["shape"]) == 1)
    libraries = [f for f in ("pandas", "polars", "arrow") if f in p.features]
    if obj is None or not libraries:
        return new_array(p)
    library, name = p.random.choice(libraries), p.fresh("series")
    if library == "pandas":
        p.need("import pandas as pd")
        p.emit(f"{name} = pd.DataFrame({{'q': {path}}}, copy=False)")
    elif library == "polars":
        p.need("import polars as pl")
        p.emit(f"{name} = pl.Series('q', {path})")
    else:
        p.need("import pyarrow as pa")
        p.emit(f"{name} = pa.table({{'q': pa.array({path})}})")
    return p.bind(name, Obj("shared"))


@start("numpy", 1)
def structured_array(p):
    p.need("import numpy as np")
    name, view = p.target("array"), p.fresh("array")
    p.emit(f"{name} = np.zeros(4, dtype=[('tag', 'U4'), ('n', 'i8')])", f"{view} = {name}['n']",
           f"{view} += np.arange(4) * {p.number(1, 9)}", f"{name}['tag'][1] = '{p.word()}'", f"print({name}.tolist())")
    p.bind(name, Obj("structured"))
    p.bind(view, Obj("array", 4, shape=(4,), dtype="i8"))


@step("structured", 3)
def change_structured(p, obj, path):
    p.emit(f"{path}[{p.number(0, 3)}] = ('{p.word()[:3]}', {p.number(1, 99)})", f"print({path}.tolist())")


@step("objarray", 2)
def object_array_write(p, obj, path):
    other, other_path = p.pick("list dict set inst")
    if other is None:
        return False
    p.emit(f"{path}[1] = {other_path}")
    obj.children["[1]"] = other
    return None


# --- pandas --------------------------------------------------------------------------------------------------------

def named_frame(p, obj, path):
    """A name for a frame: pandas warns when a frame is changed through a longer expression."""
    if path.isidentifier():
        return path
    name = p.fresh("frame")
    p.emit(f"{name} = {path}")
    p.bind(name, obj)
    return name


@start("pandas", 9)
def new_frame(p):
    p.need("import pandas as pd")
    name, n = p.target("frame"), p.number(4, 8)
    columns = {"a": "int", "b": "float", "kind": "str"}
    lines = [f"    'a': {[p.number(0, 50) for _ in range(n)]},",
             f"    'b': {[round(p.random.uniform(0, 9), 2) for _ in range(n)]},",
             f"    'kind': {[p.random.choice('xyz') for _ in range(n)]},"]
    if p.random.random() < 0.4:
        columns["day"] = "date"
        lines.append(f"    'day': pd.date_range('2024-0{p.number(1, 9)}-01', periods={n}, freq='{p.number(1, 9)}D'),")
    p.emit(f"{name} = pd.DataFrame({{", *lines, "})")
    obj = p.bind(name, Obj("frame", n, columns=columns))
    if p.random.random() < 0.25:
        inner, path = p.pick("list dict set")
        if inner is not None:
            p.emit(f"{name}['obj'] = None", f"{name}['obj'] = {name}['obj'].astype(object)",
                   f"{name}.at[0, 'obj'] = {path}")
            obj.children["['obj'].iloc[0]"] = inner
            columns["obj"] = "obj"


@step("frame", 5)
def frame_column(p, obj, path):
    name = named_frame(p, obj, path)
    column = f"c{p.number(1, 4)}"
    text = p.random.choice([f"{name}['a'] * {p.number(2, 5)}", f"{name}['a'] + {name}['b'].round().astype('int64')",
                            f"range(len({name}))", f"{name}['a'].cumsum()", f"{name}['a'].rank(method='first')",
                            f"{name}['kind'].map({{'x': 1, 'y': 2, 'z': 3}})",
                            f"{name}.groupby('kind')['a'].transform('sum')"])
    p.emit(f"{name}['{column}'] = {text}")
    obj.info["columns"][column] = "num"


@step("frame", 4)
def frame_cell(p, obj, path):
    if obj.n == 0:
        return False
    name = named_frame(p, obj, path)
    row = p.number(0, obj.n - 1)
    p.emit(p.random.choice([f"{name}.loc[{name}.index[{row}], 'a'] = {p.number(100, 200)}",
                            f"{name}.iloc[{row}, 1] = {p.number(1, 90) / 4}",
                            f"{name}.loc[{name}['kind'] == 'x', 'b'] += 1.5",
                            f"{name}.loc[{name}['a'] > 40, 'kind'] = 'y'"]))
    return None


@step("frame", 3)
def frame_query(p, obj, path):
    limits = [n for n, o in p.names.items() if o.kind == "int"]
    name = p.target("frame")
    if limits and path.isidentifier():
        limit = p.random.choice(limits)
        text = p.random.choice([f"{path}.query('a > @{limit} % 30')", f"{path}.query(f'a + @{{\"{limit}\"}} % 7 > 9')"])
    else:
        text = f"{path}.query('a > {p.number(3, 30)} or kind == \"x\"')"
    p.emit(f"{name} = {text}.reset_index(drop=True)")
    p.bind(name, Obj("frame", 0, columns=dict(obj.info["columns"])))


@step("frame", 2)
def frame_eval(p, obj, path):
    p.emit(f"print(show({path}.eval('a * 2 + b').sum()), show({path}.a.max().item()))" if obj.n else
           f"print(show({path}.eval('a + b').sum()))")


@step("frame", 3)
def frame_group(p, obj, path):
    p.emit(p.random.choice([f"print(show({path}.groupby('kind')['a'].sum().to_dict()))",
                            f"print(show({path}.groupby('kind').agg(n=('a', 'size'), top=('b', 'max')).to_dict()))",
                            f"print(show({path}.pivot_table(index='kind', values='a', aggfunc='sum')['a'].to_dict()))"]))


@step("frame", 3)
def frame_derive(p, obj, path):
    name = p.target("frame")
    text, n = p.random.choice([
        (f"{path}.copy()", obj.n), (f"{path}.sort_values(['a', 'b']).reset_index(drop=True)", obj.n),
        (f"pd.concat([{path}, {path}.head(2)], ignore_index=True)", obj.n), (f"{path}[['a', 'b', 'kind']]", obj.n),
        (f"{path}.assign(twice={path}['a'] * 2)", obj.n), (f"{path}[{path}['a'] % 2 == 0].reset_index(drop=True)", 0)])
    if "obj" in obj.info["columns"]:
        return False
    if obj.n == 0 and "concat" in text:
        return False
    p.emit(f"{name} = {text}")
    return p.bind(name, Obj("frame", n, columns={"a": "int", "b": "float", "kind": "str"}))


@step("frame", 2)
def frame_series(p, obj, path):
    name = p.target("series")
    p.emit(f"{name} = {path}['{p.random.choice('ab')}']")
    p.bind(name, Obj("series", obj.n))


@step("series", 3)
def change_series(p, obj, path):
    if obj.n == 0 or not path.isidentifier():
        return False
    p.emit(p.random.choice([f"{path}.iloc[{p.number(0, obj.n - 1)}] = {p.number(1, 9)}", f"{path} = {path} * 2",
                            f"print(show({path}.rolling(2).sum().sum()), {path}.index.size)"]))
    return None


@step("frame", 3)
def frame_drop(p, obj, path):
    extra = [c for c, kind in obj.info["columns"].items() if kind == "num"]
    if not extra:
        return False
    name = named_frame(p, obj, path)
    column = p.random.choice(extra)
    p.emit(f"if '{column}' in {name}:", f"    del {name}['{column}']")
    del obj.info["columns"][column]
    return None


@step("frame", 2)
def frame_types(p, obj, path):
    name = named_frame(p, obj, path)
    column, text = p.random.choice([
        ("cat", f"{name}['kind'].astype('category')"), ("big", f"{name}['a'].astype('Int64').where({name}['a'] > 9)"),
        ("when", f"pd.Timestamp('2024-05-01', tz='Europe/Oslo') + pd.to_timedelta({name}['a'], unit='h')"),
        ("flag", f"{name}['a'] > {name}['b']"), ("span", f"pd.to_timedelta({name}['a'], unit='D')")])
    p.emit(f"{name}['{column}'] = {text}", f"print({name}.dtypes.astype(str).to_dict())")
    obj.info["columns"][column] = "typed"


@step("frame", 2)
def frame_groupby(p, obj, path):
    name = p.target("iter")
    p.emit(f"{name} = {path}.groupby('kind')")
    p.bind(name, Obj("groupby"))


@step("groupby", 3)
def use_groupby(p, obj, path):
    p.emit(p.random.choice([f"print(show({path}['a'].sum().to_dict()))", f"print({path}.ngroups, {path}.size().to_dict())",
                            f"print([(key, len(part)) for key, part in {path}])"]))


@step("frame", 2)
def frame_apply(p, obj, path):
    """A function of the program that a frame calls."""
    found, function = p.pick("func", lambda o: "{n}" in o.info["call"] and not o.info["grows"])
    if found is None or obj.n == 0:
        return False
    call = found.info["call"].replace("%s", function).replace("{n}", "int(v)")
    p.emit(f"print(show({path}['a'].map(lambda v: {call}).tolist()))")
    return None


@step("frame", 1)
def frame_index(p, obj, path):
    p.emit(f"print(show({path}.set_index(['kind', 'a'])['b'].sort_index().head(3).to_dict()))",
           f"print({path}.columns.tolist() == list({path}))")


@step("frame", 1)
def frame_category(p, obj, path):
    p.emit(f"print({path}['kind'].astype('category').cat.codes.tolist(), {path}.dtypes.astype(str).tolist()[:2])")


# --- polars and Arrow ----------------------------------------------------------------------------------------------

@start("polars", 5)
def new_polars(p):
    p.need("import polars as pl")
    name, n = p.target("plframe"), p.number(4, 8)
    p.emit(f"{name} = pl.DataFrame({{'k': {[p.random.choice('uvw') for _ in range(n)]},",
           f"    'v': {[p.number(0, 50) for _ in range(n)]}}})")
    p.bind(name, Obj("plframe", n))


@step("plframe", 5)
def polars_step(p, obj, path):
    name = p.target("plframe")
    text, n = p.random.choice([
        (f"{path}.with_columns((pl.col('v') * {p.number(2, 5)}).alias('w{p.number(1, 3)}'))", obj.n),
        (f"{path}.filter(pl.col('v') > {p.number(0, 20)})", 0), (f"{path}.sort('v', 'k')", obj.n),
        (f"{path}.select('k', 'v').vstack({path}.select('k', 'v').head(1))", 0),
        (f"{path}.group_by('k').agg(pl.col('v').sum()).sort('k')", 0), (f"{path}.clone()", obj.n)])
    p.emit(f"{name} = {text}")
    p.bind(name, Obj("plframe", n))


@step("plframe", 1)
def polars_in_place(p, obj, path):
    if obj.n == 0:
        return False
    p.emit(f"{path}[{p.number(0, obj.n - 1)}, 'v'] = {p.number(100, 200)}")
    return None


@step("plframe", 1)
def polars_sql(p, obj, path):
    if not path.isidentifier():
        return False
    p.emit(f"print(pl.sql('SELECT SUM(v) AS total FROM {path}', eager=True).rows())")
    return None


@step("plframe", 2)
def polars_lazy(p, obj, path):
    name = p.target("lazy")
    p.emit(f"{name} = {path}.lazy().filter(pl.col('v') >= {p.number(1, 30)})")
    p.bind(name, Obj("lazy"))


@step("lazy", 3)
def use_lazy(p, obj, path):
    p.emit(f"print({path}.select(pl.col('v').sum(), pl.len().alias('n')).collect().rows())")


@start("arrow", 5)
def new_arrow(p):
    p.need("import pyarrow as pa")
    name, n = p.target("arrow"), p.number(4, 8)
    p.emit(f"{name} = pa.table({{'id': {list(range(n))}, 'v': {[p.number(0, 50) for _ in range(n)]}}})")
    p.bind(name, Obj("arrow", n))


@step("arrow", 5)
def arrow_step(p, obj, path):
    p.need("import pyarrow.compute as pc")
    name = p.target("arrow")
    a = p.number(0, obj.n - 2)
    text, n = p.random.choice([
        (f"{path}.slice({a}, 2)", 2), (f"pa.concat_tables([{path}, {path}])", obj.n * 2),
        (f"{path}.sort_by([('v', 'descending'), ('id', 'ascending')])", obj.n), (f"{path}.take([0, 1, 0])", 3),
        (f"{path}.set_column(1, 'v', pc.add({path}['v'], {p.number(1, 9)}))", obj.n)])
    if n > 60:
        return False
    p.emit(f"{name} = {text}")
    return p.bind(name, Obj("arrow", n))


@step("arrow", 2)
def arrow_convert(p, obj, path):
    p.need("import pyarrow.compute as pc")
    p.emit(f"print(pc.sum({path}['v']).as_py(), {path}.column('id').to_pylist()[:4])")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("--count", type=int, help="write so many programs to the folder")
    parser.add_argument("--folder", type=Path, default=Path("generated"))
    options = parser.parse_args()
    if options.count is None:
        print(Program(options.seed).write(), end="")
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seed, options.seed + options.count):
        (options.folder / f"random_{seed:05d}.py").write_text(Program(seed).write())


if __name__ == "__main__":
    main()
