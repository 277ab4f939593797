"""Frames of pandas: columns, cells, queries, types, groupings, indexes; and series."""
from model import Obj, start, step


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
