"""Arrays of other kinds and frames' memory; indexes, merges, attributes and objects over frames; other types of columns."""
from frames import named_frame
from model import Obj, start, step


@start("numpy", 2)
def other_array(p):
    p.need("import numpy as np")
    name, n = p.target("series"), p.number(4, 8)
    kind, text, change = p.random.choice([
        ("masked", f"np.ma.masked_greater(np.arange({n}), 2)", "[0] = np.ma.masked"),
        ("dates", f"np.arange('2024-01', '2024-0{n}', dtype='M8[M]')", "[0] += np.timedelta64(2, 'M')"),
        ("words", f"np.array(['a', 'bc', {p.word()!r}])", "[0] = 'z'"),
        ("complex", f"np.arange({n}) * 1j", "[1] += 2"), ("flags", f"np.arange({n}) % 2 == 0", "[0] = False"),
        ("fortran", f"np.asfortranarray(np.arange({n * 2}).reshape(2, -1))", "[1, 0] = 9"),
        ("scalar", f"np.array({n})", "[...] = 3"), ("wide", f"np.broadcast_to(np.arange({n}), (3, {n}))", ".flags.writeable")])
    p.emit(f"{name} = {text}")
    p.bind(name, Obj("otherarray", change=change))


@step("otherarray", 4)
def change_other_array(p, obj, path):
    p.emit(f"{path}{obj.info['change']}", f"print({path}.tolist(), {path}.dtype, {path}.flags.c_contiguous, {path}.flags.writeable)")


@step("array", 1)
def array_flat(p, obj, path):
    name = p.target("iter")
    p.emit(f"{name} = iter({path}.ravel().tolist())", f"print({path}.base is None, {path}.flags.owndata)"
           if "np.arange" in path else f"print({path}.ndim, {path}.strides)")
    p.bind(name, Obj("iter"))


@start("random", 2)
def shared_generator(p):
    """Two generators of random numbers over one source, and a class that extends one."""
    name, other, seed = p.fresh("rng"), p.fresh("rng"), p.number(0, 99)
    if "numpy" in p.features and p.random.random() < 0.6:
        p.need("import numpy as np")
        p.emit(f"{name} = np.random.default_rng({seed})", f"{other} = np.random.Generator({name}.bit_generator)")
        draws = {"draw": ".permutation(5).tolist()", "real": ".random(2).round(6).tolist()"}
        p.bind(name, Obj("rng", **draws))
        return p.bind(other, Obj("rng", **draws))
    p.need("import random")
    kind = f"Dice{p.label()}"
    p.emit(f"class {kind}(random.Random):", "    def __init__(self, sides, seed):", "        self.sides, self.rolls = sides, []",
           "        super().__init__(seed)", "", "    def roll(self):", "        self.rolls.append(self.randrange(self.sides))",
           "        return self.rolls", "", f"{name} = {kind}({p.number(6, 20)}, {seed})", f"{other} = {name}.roll")
    p.bind(kind, Obj("module"))
    p.pinned.add(kind)
    p.bind(other, Obj("rng", draw="()[-3:]", real="()[:2]"))
    return p.bind(name, Obj("rng", draw=".roll()[-2:]", real=".gauss(0, 1)"))


@step("frame", 2)
def frame_memory(p, obj, path):
    """The array of a column, which shows what the frame writes in place."""
    name = p.fresh("series")
    p.need("import pandas as pd")
    p.emit(f"{name} = {path}['{p.random.choice('ab')}'].to_numpy()", f"print({name}.flags.writeable)")
    p.bind(name, Obj("shown"))


@step("shown", 2)
def show_memory(p, obj, path):
    p.emit(f"print({path}.tolist())")


@step("frame", 2)
def frame_parts(p, obj, path):
    """Objects that belong to a frame: its index, its columns, an accessor, a window."""
    text, shown = p.random.choice([
        ("{0}.index", "len({0})"), ("{0}.columns", "{0}.tolist()[:2]"), ("{0}['kind'].str", "{0}.upper().tolist()[-2:]"),
        ("{0}['a'].rolling(2)", "show({0}.sum().sum().item())"), ("{0}.iloc", "{0}[:1].shape"), ("{0}.T", "{0}.shape"),
        ("{0}.loc[:, ['a']]", "show({0}.a.sum().item())"), ("{0}.set_index('kind')", "sorted(set({0}.index))"),
        ("{0}.dtypes", "{0}.astype(str).tolist()[:2]"), ("{0}.describe()", "{0}.shape")])
    name = p.fresh("series")
    p.emit(f"{name} = {text.format(path)}")
    p.bind(name, Obj("part", shown=shown))


@step("part", 3)
def show_part(p, obj, path):
    p.emit(f"print({obj.info['shown'].format(path)})")


@step("frame", 2)
def frame_attributes(p, obj, path):
    other, other_path = p.pick("list dict set")
    if other is None:
        return False
    name = named_frame(p, obj, path)
    p.emit(f"{name}.attrs['source'] = {other_path}", f"print({name}.attrs['source'] is {other_path})")
    return None


@step("frame", 2)
def frame_in_place(p, obj, path):
    if obj.n == 0:
        return False
    name = named_frame(p, obj, path)
    p.emit(p.random.choice([f"{name}.rename(columns={{'c1': 'c2'}}, inplace=True)", f"{name}.index.name = {p.word()!r}",
                            f"{name}.sort_values('a', inplace=True, ignore_index=True)", f"{name}['b'] = {name}['b'].to_numpy() * 2",
                            f"{name}.insert(0, 'new{p.label()}', {p.number(1, 9)})"]))
    return None


@step("frame", 2)
def frame_merge(p, obj, path):
    other, other_path = p.pick("frame")
    if "obj" in obj.info["columns"] or "obj" in other.info["columns"]:
        return False
    name = p.target("frame")
    p.emit(f"{name} = {path}[['a', 'b', 'kind']].merge({other_path}[['kind', 'a']].groupby('kind', as_index=False).max(), on='kind', "
           "suffixes=('', '_max'))")
    p.bind(name, Obj("frame", 0, columns={"a": "int", "b": "float", "kind": "str"}))
    return None


@step("frame", 1)
def frame_by_name(p, obj, path):
    if not path.isidentifier():
        return False
    limit = p.fresh("int")
    p.emit(f"{limit} = {p.number(3, 30)}", f"print(len({path}.query('a > @{limit} and b == b')), len({path}.query(f'a < {{{limit}}}')))",
           f"print(show({path}.eval('a + @{limit}').sum().item()), show(pd.eval('{path}.a * 2').sum().item()))")
    p.bind(limit, Obj("int"))
    return None


@start("polars", 2)
def polars_types(p):
    p.need("import polars as pl")
    name = p.fresh("plframe")
    p.need("from datetime import date, datetime, timedelta")
    p.emit(f"{name} = pl.DataFrame({{'l': [[1, 2], [], None], 'when': [date(2024, 1, {p.number(1, 28)})] * 3, 's': [{{'x': 1}}] * 3,",
           f"    'c': pl.Series(['a', 'b', {p.word()!r}], dtype=pl.Categorical), 'f': [1.5, None, 2.0]}})")
    p.bind(name, Obj("pltypes"))


@step("pltypes", 3)
def use_polars_types(p, obj, path):
    p.emit(p.random.choice([f"print({path}.rows()[-1], {path}.schema)", f"{path}.insert_column(1, pl.Series('n{p.label()}', [1, 2, 3]))",
                            f"print({path}.select(pl.col('l').list.len()).to_series().to_list(), {path}['c'].to_list())"]))


@start("polars", 1)
def polars_expression(p):
    p.need("import polars as pl")
    name = p.fresh("lazy")
    p.emit(f"{name} = (pl.col('v') * {p.number(2, 9)}).sum().alias('out')")
    p.bind(name, Obj("expression"))


@step("expression", 3)
def use_expression(p, obj, path):
    other, other_path = p.pick("plframe")
    p.emit(f"print({other_path}.select({path}).rows())" if other else f"print({path}.meta.output_name())")


@start("arrow", 2)
def arrow_types(p):
    p.need("import pyarrow as pa")
    name = p.fresh("arrow")
    text = p.random.choice([
        "pa.chunked_array([[1, 2], [3]])", "pa.array(['a', 'b', 'a']).dictionary_encode()", "pa.array([[1], [], None])",
        "pa.record_batch({'x': [1, 2], 'y': ['a', None]})", "pa.schema([('x', pa.int64())], metadata={'k': 'v'})",
        f"pa.table({{'x': [1, 2]}}).replace_schema_metadata({{'by': {p.word()!r}}}).schema", "pa.scalar(2.5)", "pa.array([{'a': 1}])"])
    p.emit(f"{name} = {text}")
    p.bind(name, Obj("arrowtype"))


@step("arrowtype", 3)
def use_arrow_types(p, obj, path):
    p.emit(f"print(str({path}).split(), {path}.equals({path}), getattr({path}, 'metadata', None))")
