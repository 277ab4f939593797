"""Slots, descriptors, hooks of subclasses, properties and weak references."""
from model import Obj, start, step
from values import new_list


@start("slots", 3)
def slotted_class(p):
    """A class with slots, equality, a class method, a static method and a descriptor."""
    name, one, check = p.fresh("class"), p.target("inst"), f"Checked{p.label()}"
    p.emit(f"class {check}:", "    log = []", "", "    def __set_name__(self, owner, name):", "        self.name = '_' + name",
           "", "    def __get__(self, instance, owner):", "        return self if instance is None else getattr(instance, self.name)",
           "", "    def __set__(self, instance, value):", f"        {check}.log.append(value)",
           f"        setattr(instance, self.name, value % {p.number(20, 90)})", "", "",
           f"class {name}:", "    __slots__ = ('_level', 'tag')", f"    level = {check}()", "    made = 0", "",
           "    def __init__(self, level, tag=None):", "        self.level, self.tag = level, tag", "",
           "    @classmethod", "    def make(cls, level):", "        cls.made += 1", "        return cls(level, cls.made)", "",
           "    @staticmethod", "    def rate(n):", f"        return n * {p.number(2, 9)}", "",
           "    def __eq__(self, other):", f"        return isinstance(other, {name}) and self.level == other.level", "",
           "    def __hash__(self):", "        return hash(self._level)", "", "    def __call__(self, by):",
           "        self.level += by", "        return self.level", "", f"{one} = {name}.make({p.number(1, 99)})")
    p.bind(check, Obj("module"))
    p.bind(name, Obj("module"))
    p.pinned |= {check, name}
    p.bind(one, Obj("slotted", cls=name, check=check))


@step("slotted", 4)
def use_slotted(p, obj, path):
    other, other_path = p.pick("list dict set array inst slotted")
    choices = [f"print({path}({p.number(1, 30)}), {obj.info['check']}.log[-3:])",
               f"print({path} == {obj.info['cls']}.make({p.number(1, 30)}), {obj.info['cls']}.made, {path}.rate(2))",
               f"print({{{path}: 1}} == {{{obj.info['cls']}({path}.level): 1}})"]
    if other is not None and p.random.random() < 0.4:
        p.emit(f"{path}.tag = {other_path}")
        obj.children[".tag"] = other
    else:
        p.emit(p.random.choice(choices))


@start("registries", 2)
def class_registry(p):
    """Subclasses register themselves; neither hook may run again when a class is restored."""
    base, known = f"Handler{p.label()}", p.target("list")
    p.emit(f"{known} = []", "", "", f"class {base}:", "    handlers = {}", "",
           "    def __init_subclass__(cls, key=None, **options):", "        super().__init_subclass__(**options)",
           f"        {base}.handlers[key or cls.__name__] = cls", f"        {base}.known.append(cls.__name__)", "",
           f"{base}.known = {known}")
    p.pinned |= {base}
    names = Obj("loose")
    p.bind(known, names)
    p.bind(base, Obj("handlers", children={".known": names}, name=base))


@step("handlers", 4)
def add_handler(p, obj, path):
    name = f"Handle{p.label()}"
    p.emit("", f"class {name}({path}, key='{p.word()}'):", "    def run(self, n):", f"        return n + {p.number(1, 50)}", "",
           f"print(sorted({path}.handlers), {path}.known, {name}().run(1))")
    p.bind(name, Obj("module"))
    p.pinned.add(name)


@start("weakrefs", 2)
def weak_reference(p):
    obj, path = p.pick("inst set")
    if obj is None:
        return new_list(p)
    p.need("import weakref")
    name = p.target("ref")
    p.emit(f"{name} = weakref.ref({path})", f"print({name}() is {path})")
    return p.bind(name, Obj("ref"))


@step("ref", 1)
def follow_reference(p, obj, path):
    p.emit(f"print(show({path}()))")


@start("properties", 3)
def new_cached_property(p):
    p.need("from functools import cached_property")
    name, one, made = f"Report{p.label()}", p.target("inst"), Obj("loose")
    p.emit(f"class {name}:", "    made = []", "", "    def __init__(self, rows):", "        self._rows = rows", "",
           "    @property", "    def rows(self):", "        return self._rows", "", "    @rows.setter",
           "    def rows(self, value):", "        self._rows = value", "        self.__dict__.pop('summary', None)", "",
           "    @cached_property", "    def summary(self):", f"        {name}.made.append(self._rows)",
           f"        return self._rows * {p.number(2, 9)}", "", f"{one} = {name}({p.number(1, 20)})")
    p.bind(name, Obj("module", children={}))
    p.pinned.add(name)
    p.bind(one, Obj("cached", children={".__class__.made": made}, name=name))


@step("cached", 4)
def use_cached(p, obj, path):
    p.emit(p.random.choice([f"print({path}.summary, {obj.info['name']}.made)", f"{path}.rows += {p.number(1, 9)}",
                            f"print({path}.summary + {path}.rows)"]))
