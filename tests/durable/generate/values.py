"""Integers, lists, dicts and tuples: made, aliased, changed and deleted."""
from model import Obj, WORDS, start, step


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


@step("int", 2)
def change_int(p, obj, path):
    p.emit(f"{path} {p.random.choice(['+=', '-=', '*=', '^='])} {p.number(1, 9)}")
