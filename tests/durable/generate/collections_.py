"""Sets, deques, special dicts, namespaces, and views of dicts."""
from model import ATTRIBUTES, Obj, WORDS, start, step
from values import new_dict


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
