"""Dataclasses, enums and named tuples."""
from model import Obj, start, step


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
