"""Classes that extend containers and values, abstract and generic classes, metaclasses, and classes with hooks of pickling."""
from model import Obj, start, step
from values import new_list


@start("own", 4)
def own_container(p):
    """Its methods note what they do: none of them may run when it is restored."""
    name, one, log = f"Own{p.label()}", p.target("inst"), Obj("list", 0)
    kind = p.random.choice(["dict", "list", "defaultdict", "Counter", "OrderedDict", "deque", "set"])
    if kind not in ("dict", "list", "set"):
        p.need(f"from collections import {kind}")
    put = {"list": "append", "deque": "append", "set": "add"}.get(kind)
    method = [f"    def {put}(self, item):", "        self.log.append('put')", f"        super().{put}(item)"] if put else [
        "    def __setitem__(self, key, value):", "        self.log.append(key)", "        super().__setitem__(key, value)"]
    default = "list" if kind == "defaultdict" else ""
    p.emit(f"class {name}({kind}):", "    def __init__(self, owner, size):", f"        super().__init__({default})",
           "        self.owner, self.size, self.log = owner, size, []", "", *method, "",
           f"{one} = {name}({p.word()!r}, {p.number(1, 9)})")
    p.bind(name, Obj("module"))
    p.pinned.add(name)
    p.bind(one, Obj("own", children={".log": log}, put=put))


@step("own", 4)
def use_own(p, obj, path):
    what = f"{path}.{obj.info['put']}({p.number(1, 30)})" if obj.info["put"] else f"{path}[{p.word()!r}] = {p.number(1, 30)}"
    p.emit(what, f"print(len({path}), sorted({path})[:3], {path}.log, {path}.owner, {path}.size)")


@start("own", 2)
def own_value(p):
    name, one = f"Value{p.label()}", p.target("tuple")
    kind, first = p.random.choice([("float", "2.5"), ("int", "7"), ("str", "'text'"), ("tuple", "(1, 2)"), ("bytes", "b'ab'"),
                                   ("frozenset", "'xyz'")])
    obj, path = p.pick("list dict")
    p.emit(f"class {name}({kind}):", "    def __new__(cls, value, unit):", "        made = super().__new__(cls, value)",
           "        made.unit = unit", "        return made", "", f"{one} = {name}({first}, {path or '[]'})")
    p.bind(name, Obj("module"))
    p.pinned.add(name)
    p.bind(one, Obj("ownvalue", children={".unit": obj or Obj("list", 0, ints=True)}))


@step("ownvalue", 3)
def use_own_value(p, obj, path):
    p.emit(f"print(type({path}).__name__, type({path}).__base__.__name__, sorted(map(str, {{{path}: 1}})), show({path}.unit))")


@start("abstract", 3)
def abstract_class(p):
    p.need("from abc import ABC, abstractmethod")
    base, name, one = f"Shape{p.label()}", f"Square{p.label()}", p.target("inst")
    p.emit(f"class {base}(ABC):", "    known = {}", "", "    @property", "    @abstractmethod", "    def area(self): ...", "",
           "    def __lt__(self, other):", "        return self.area < other.area", "", "", f"class {name}({base}):",
           "    def __init__(self, side):", "        self.side = side", "        self.known[side] = self", "", "    @property",
           "    def area(self):", "        return self.side ** 2", "", f"{one} = {name}({p.number(1, 9)})",
           f"{base}.register(complex)")
    p.bind(base, Obj("module"))
    p.bind(name, Obj("module"))
    p.pinned |= {base, name}
    p.bind(one, Obj("shape", base=base, name=name))


@step("shape", 4)
def use_shape(p, obj, path):
    base, name = obj.info["base"], obj.info["name"]
    p.emit(p.random.choice([
        f"{path}.side += {p.number(1, 5)}", f"print({path}.area, sorted({base}.known), isinstance(1j, {base}))",
        f"print([one.area for one in sorted([{name}({p.number(1, 9)}), {path}])], {base}.known.get(3) is {path})"]))


@start("metaclasses", 3)
def metaclass(p):
    meta, name, one = f"Meta{p.label()}", f"Model{p.label()}", p.target("inst")
    p.emit(f"class {meta}(type):", "    made = []", "", "    def __new__(cls, name, bases, body, **options):",
           "        kind = super().__new__(cls, name, bases, body)", "        kind.fields = [key for key in body if key[0] != '_']",
           "        cls.made.append(name)", "        return kind", "", "    def __call__(cls, *args):",
           "        one = super().__call__(*args)", "        one.number = cls.count = getattr(cls, 'count', 0) + 1",
           "        return one", "", "    def __len__(cls):", "        return len(cls.fields)", "", "",
           f"class {name}(metaclass={meta}):", f"    size = {p.number(1, 9)}", "    colour = None", "",
           "    def __init__(self, colour=None):", "        self.colour = colour", "", "    def __getattr__(self, name):",
           "        if name.startswith('_'):", "            raise AttributeError(name)", "        return name.upper()", "",
           f"{one} = {name}({p.word()!r})")
    p.bind(meta, Obj("module"))
    p.bind(name, Obj("module"))
    p.pinned |= {meta, name}
    p.bind(one, Obj("model", meta=meta, name=name))


@step("model", 4)
def use_model(p, obj, path):
    meta, name = obj.info["meta"], obj.info["name"]
    p.emit(p.random.choice([
        f"print({path}.number, show({path}.colour), {path}.missing, {name}.count, len({name}), {meta}.made)",
        f"{path}.colour = {name}({p.number(1, 9)})", f"{name}.size += 1",
        f"print({name}({p.word()!r}).number, {path}.size, vars({path}).keys())"]))


@start("generics", 2)
def generic_class(p):
    p.need("from typing import Generic, TypeVar")
    name, variable, one = f"Box{p.label()}", f"T{p.label()}", p.target("inst")
    obj, path = p.pick("list dict set")
    if obj is None:
        return new_list(p)
    p.emit(f"{variable} = TypeVar('{variable}')", "", "", f"class {name}(Generic[{variable}]):",
           f"    def __init__(self, item: {variable}):", "        self.item = item", "",
           f"    def get(self) -> {variable}:", "        return self.item", "", "", f"class {name}List({name}[list]):",
           "    def get(self):", "        return [self.item]", "", f"{one} = {name}[list]({path})")
    for made in variable, name, f"{name}List":
        p.bind(made, Obj("module"))
        p.pinned.add(made)
    return p.bind(one, Obj("box", children={".item": obj}, name=name))


@step("box", 3)
def use_box(p, obj, path):
    name = obj.info["name"]
    p.emit(f"print(show({path}.get()), {name}.__parameters__, {name}List(1).get(), {name}List.__orig_bases__[0] == {name}[list])")


@start("pickling", 2)
def with_state(p):
    """A class that says itself how it is stored."""
    name, one = f"Saved{p.label()}", p.target("inst")
    obj, path = p.pick("list dict set")
    kind = p.number(0, 2)
    hooks = [["    def __getstate__(self):", "        return {**self.__dict__, 'helper': None}", "",
              "    def __setstate__(self, state):", "        self.__dict__.update(state, helper=len)"],
             ["    def __reduce__(self):", f"        return {name}, (self.data, self.count)"],
             ["    def __getnewargs__(self):", "        return ()", "", "    def __new__(cls, *args):",
              "        return super().__new__(cls)"]][kind]
    p.emit(f"class {name}:", "    def __init__(self, data, count=0):", "        self.data, self.count, self.helper = data, count, len",
           "", *hooks, "", f"{one} = {name}({path or '[]'})")
    p.bind(name, Obj("module"))
    p.pinned.add(name)
    p.bind(one, Obj("saved", children={".data": obj or Obj("list", 0, ints=True)}))


@step("saved", 3)
def use_saved(p, obj, path):
    p.emit(f"{path}.count += {p.number(1, 9)}", f"print({path}.count, {path}.helper({path}.data), show({path}.data))")


@start("nodes", 3)
def linked_nodes(p):
    """Objects that refer to each other in circles."""
    name, root = f"Node{p.label()}", p.target("inst")
    p.emit(f"class {name}:", "    def __init__(self, value, parent=None):", "        self.value, self.parent, self.kids = value, parent, []",
           "        if parent is not None:", "            parent.kids.append(self)", "", "    def __eq__(self, other):",
           f"        return isinstance(other, {name}) and self.value == other.value", "", "    def __hash__(self):",
           "        return hash(self.value)", "", "    def total(self):",
           "        return self.value + sum(kid.total() for kid in self.kids)", "", f"{root} = {name}({p.number(1, 9)})",
           f"for n in range({p.number(2, 4)}):", f"    {name}(n, {root})", f"{root}.seen = {{{root}: 'root', {root}.kids[0]: 'kid'}}")
    p.bind(name, Obj("module"))
    p.pinned.add(name)
    p.bind(root, Obj("node", name=name, children={".kids[0]": Obj("node", name=name), ".kids[1]": Obj("node", name=name)}))


@step("node", 4)
def use_node(p, obj, path):
    top = f"({path}.parent or {path})"
    p.emit(p.random.choice([
        f"{obj.info['name']}({p.number(1, 9)}, {path})", f"print({path}.total(), {top}.total(), {top}.kids[0].parent is {top})",
        f"{path}.note = {p.word()!r}", f"print({top}.seen.get({top}), len({top}.seen), {top}.kids[0] in {top}.seen)"]))
