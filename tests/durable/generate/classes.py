"""Classes with state of their own, subclasses, redefined classes, and their instances."""
from model import ATTRIBUTES, Obj, start, step


@start("classes", 4)
def new_class(p):
    name = p.fresh("class")
    registry = Obj("list", 0, registry=True)
    p.emit(f"class {name}:", "    registry = []", f"    created = {p.number(0, 3)}", "",
           f"    def __init__(self, size={p.number(1, 9)}):", "        self.size, self.items = size, [size]",
           "        type(self).created += 1", "        self.registry.append(self)", "",
           "    def work(self, by=1):", f"        self.size += by * {p.number(1, 4)}", "        return self.size", "",
           "    @property", "    def double(self):", "        self.reads = getattr(self, 'reads', 0) + 1",
           "        return self.size * 2", "")
    p.bind(name, Obj("class", children={".registry": registry}, registry=registry, slots=False))
    p.pinned.add(name)
    new_instance(p, p.names[name], name)


@start("classes", 2)
def subclass(p):
    names = [n for n, o in p.names.items() if o.kind == "class" and "registry" in o.info]
    if not names:
        return new_class(p)
    base, name = p.random.choice(names), p.fresh("class")
    p.emit(f"class {name}({base}):", f"    bonus = {p.number(1, 50)}", "", "    def work(self, by=1):",
           f"        self.items.append({name}.bonus)", "        return super().work(by + 1)", "")
    cls = Obj("class", children=p.names[base].children, registry=p.names[base].info["registry"], slots=False, sub=True)
    p.bind(name, cls)
    p.pinned.add(name)
    return new_instance(p, cls, name)


@step("class", 3)
def new_instance(p, cls, path):
    name = p.target("inst")
    if "fields" in cls.info:
        return False
    items, registry = Obj("list", 1, ints=True), cls.info["registry"]
    inst = Obj("inst", children={".items": items, ".__class__": cls}, cls=cls)
    p.emit(f"{name} = {path}({p.number(1, 9)})")
    registry.children[f"[{registry.n}]"] = inst
    registry.n += 1
    return p.bind(name, inst)


@step("class", 2)
def change_class(p, cls, path):
    what = p.number(0, 2)
    if "fields" in cls.info:
        return False
    if what == 0:
        p.emit(f"{path}.created += {p.number(1, 5)}", f"print({path}.created)")
    elif what == 1:
        p.emit(f"{path}.describe = lambda self: (self.size, {p.number(1, 99)})", 
               f"print([one.describe() for one in {path}.registry if isinstance(one, {path})])")
    else:
        p.emit(f"{path}.unit = {p.word()!r}", f"print([one.unit for one in {path}.registry if isinstance(one, {path})])")
    return None


@start("classes", 1)
def redefine_class(p):
    """A second class of the same name: the instances of the first one keep theirs."""
    names = [n for n, o in p.names.items() if o.kind == "class" and "registry" in o.info and not o.info.get("sub")]
    if not names:
        return new_class(p)
    name = p.random.choice(names)
    kept = p.fresh("class")
    old, registry = p.names[name], Obj("list", 0, registry=True)
    p.bind(kept, old)
    p.pinned.add(kept)
    p.emit(f"{kept} = {name}", "", "", f"class {name}:", "    registry, created = [], 0", "",
           "    def __init__(self, size=0):", "        self.size, self.items = size, [0]",
           "        self.registry.append(self)", "", "    def work(self, by=1):", f"        return -by * {p.number(1, 9)}",
           "", "    double = property(lambda self: 'new')", "", f"print({kept} is {name}, {kept}.__name__)")
    p.bind(name, Obj("class", children={".registry": registry}, registry=registry, slots=False))
    return new_instance(p, p.names[name], name)


@step("inst", 3)
def instance_work(p, obj, path):
    p.emit(f"print({path}.work({p.number(1, 5)}), {path}.double)")
    if obj.info["cls"].info.get("sub"):
        obj.children[".items"].n += 1 if ".items" in obj.children else 0


@step("inst", 2)
def instance_attribute(p, obj, path):
    other, other_path = p.pick("list dict set array inst frame bytes")
    attribute = p.random.choice(ATTRIBUTES[2:])
    if other is None or p.random.random() < 0.4:
        p.emit(f"{path}.{attribute} = {p.number(1, 99)}")
        obj.children.pop(f".{attribute}", None)
    else:
        p.emit(f"{path}.{attribute} = {other_path}")
        obj.children[f".{attribute}"] = other


@step("inst", 1)
def bound_method(p, obj, path):
    name = p.fresh("func")
    if obj.info["cls"].info.get("sub"):
        return False
    p.emit(f"{name} = {path}.work")
    return p.bind(name, Obj("bound", children={".__self__": obj}, call="%s({n})", grows=[]))


@step("inst", 1)
def own_method(p, obj, path):
    p.need("from types import MethodType")
    p.emit(f"{path}.shout = MethodType(lambda self, n: (self.size, n), {path})", f"print({path}.shout({p.number(1, 9)}))")


@step("inst", 1)
def instance_as_key(p, obj, path):
    name = p.target("dict")
    p.emit(f"{name} = {{{path}: {p.number(1, 99)}, 'k': {path}}}", f"print({name}[{path}], {name}['k'] in {name})")
    p.bind(name, Obj("keyed", children={"['k']": obj}))


@step("keyed", 3)
def use_keyed(p, obj, path):
    p.emit(f"{path}[{path}['k']] += {p.number(1, 9)}", f"print({path}[{path}['k']], len({path}))")
