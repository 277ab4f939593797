"""Frames of polars and tables of Arrow."""
from model import Obj, start, step


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
