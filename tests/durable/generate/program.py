"""Writes one program: picks statements, and keeps a model of the heap."""
import random

from model import NAMES, OFTEN, Obj, STARTS, STEPS, WORDS
from show import SHOW


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
        self.features = {"base", *heavy, *self.random.sample(light, self.random.randint(9, 16))}

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
