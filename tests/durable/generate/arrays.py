"""Arrays of numpy, their views, and columns over their memory."""
from model import Obj, start, step
from values import new_list


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
