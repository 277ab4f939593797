"""Iterators, bytes and views of them, streams in memory, generators of random numbers."""
from model import Obj, WORDS, start, step


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
