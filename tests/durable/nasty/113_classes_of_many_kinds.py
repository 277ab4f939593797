import dataclasses, enum, functools, typing, weakref, collections, abc, operator, contextlib, re
from dataclasses import dataclass, field, InitVar, KW_ONLY
class Typed:
    def __init__(self, kind):
        self.kind, self.values = kind, weakref.WeakKeyDictionary()
    def __set_name__(self, owner, name):
        self.name = name
    def __get__(self, one, owner):
        return self if one is None else self.values.get(one)
    def __set__(self, one, value):
        self.values[one] = self.kind(value)
class Row:
    a = Typed(int); b = Typed(str)
row = Row(); row.a, row.b = "3", 4
@dataclass(kw_only=True)
class Base:
    x: int = 1
    secret: InitVar[int] = 0
    log: typing.ClassVar[list] = []
    meta: dict = field(default_factory=dict, metadata={"k": [1]}, repr=False, compare=False)
    def __post_init__(self, secret):
        self.log.append(secret)
@dataclass(slots=True, weakref_slot=True, unsafe_hash=True)
class Child(Base):
    y: tuple = ()
    _: KW_ONLY = None
    z: int = field(default=3, compare=False)
child = Child(y=(1, 2), secret=5, meta={"me": row})
ref = weakref.ref(child)
class Colour(enum.Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last):
        return name.lower()
    RED = enum.auto()
    GREEN = enum.auto()
    @classmethod
    def _missing_(cls, value):
        return cls.RED
    extra = enum.nonmember([1, 2])
    @enum.member
    def call(self): return 1
class Planet(float, enum.Enum):
    EARTH = (5.9, 6.3)
    def __new__(cls, mass, radius):
        one = float.__new__(cls, mass); one._value_ = mass; one.radius = radius
        return one
class Perm(enum.Flag, boundary=enum.KEEP):
    R = 1; W = 2
perm = Perm.R | Perm(8)
Dynamic = enum.Enum("Dynamic", "A B")
class E(Exception):
    def __init__(self, *, code):
        super().__init__(code)
        self.code = code; self.me = self
    def __str__(self): return f"E{self.code}"
class G(ExceptionGroup):
    def derive(self, excs): return G("derived", excs)
try:
    try: raise E(code=[1])
    except E as e: raise LookupError("l") from e
except LookupError as e: err = e
group = G("g", [err, E(code=2)])
@functools.total_ordering
class V:
    def __init__(self, n): self.n = n
    def __eq__(self, o): return self.n == o.n
    def __lt__(self, o): return self.n < o.n
keyed = sorted([V(2), V(1)], key=functools.cmp_to_key(lambda a, b: a.n - b.n))
@typing.overload
def over(x: int) -> int: ...
@typing.overload
def over(x: str) -> str: ...
def over(x): return x
@functools.singledispatch
def disp(x): return "any"
@disp.register
def _(x: int | float): return "num"
@disp.register(list)
def _(x): return "list"
@functools.lru_cache(maxsize=3)
def cached(n): return [n]
class Tree(collections.abc.MutableMapping):
    def __init__(self): self.d = {}
    def __getitem__(self, k): return self.d[k]
    def __setitem__(self, k, v): self.d[k] = v
    def __delitem__(self, k): del self.d[k]
    def __iter__(self): return iter(self.d)
    def __len__(self): return len(self.d)
tree = Tree(); tree["t"] = tree
class CM(contextlib.ContextDecorator):
    n = 0
    def __enter__(self): CM.n += 1; return self
    def __exit__(self, *a): return False
@CM()
def decorated(): return CM.n
class Slots:
    __slots__ = ("a", "__dict__", "__weakref__")
class Sub(Slots): __slots__ = ("b",)
sub = Sub(); sub.a, sub.b, sub.c = [1], 2, 3
class Single:
    one = None
    def __new__(cls):
        if cls.one is None: cls.one = super().__new__(cls)
        return cls.one
single = Single()
class Registry(type):
    all = {}
    def __init_subclass__(m): pass
    def __new__(m, n, b, d, key=None):
        c = super().__new__(m, n, b, d); m.all[key] = c; return c
    def __prepare__(name, bases, key=None): return collections.OrderedDict()
    def __iter__(cls): return iter(cls.items)
    def __contains__(cls, x): return x in cls.items
class Item(metaclass=Registry, key="i"): items = [1, 2]
pat = {re.compile("a"): 1}
counter = collections.Counter("aab"); chain = collections.ChainMap(counter, {"z": 1})
fn = functools.partial(functools.partial(max, 1), key=operator.neg)
def gen_factory():
    cell = []
    class Local:
        store = cell
        def add(self, x): cell.append(x); return self
        __add__ = add
    return Local
Local = gen_factory(); local = Local() + 1
unfilled = (lambda: (lambda: later_cell))
def outer():
    def inner(): return value
    if False: value = 1
    return inner
empty_cell = outer()
import types
ns = types.SimpleNamespace(a=1); ns.self = ns
class WithDel:
    gone = []
    def __del__(self): WithDel.gone.append(1)
wd = WithDel()
prop = property(lambda s: s.n, doc="d")
class P2:
    n = 4; p = prop
    @property
    def q(self): return self._q
    @q.setter
    def q(self, v): self._q = v * 2
p2 = P2(); p2.q = 4
import datetime
class Day(datetime.date, enum.Enum):
    A = 2024, 1, 1
class Word(str, enum.Enum):
    S = "s"
# %%
print(Day.A.month, Day["A"] is Day.A, Word.S is Word("s"), Word.S + "t")
print(row.a, row.b, Row.a.name, len(Row.a.values), child, ref() is child, child.log, child.meta["me"] is row, hash(child) == hash(Child(y=(1, 2))), dataclasses.fields(child)[1].metadata["k"])
print(Colour("nothing"), Colour.GREEN.value, Colour.extra, [one.name for one in Colour], Planet.EARTH.radius, Planet(5.9) is Planet.EARTH, perm, perm.value, Dynamic.A, Dynamic["B"].value, Perm(3))
print(str(err), repr(err.__cause__), err.__cause__.me is err.__cause__, group.exceptions[0] is err, type(group.split(LookupError)[0]).__name__)
print([v.n for v in keyed], keyed[0] < keyed[1], keyed[1] >= keyed[0], disp(1.5), disp([]), disp("a"), cached(2), cached.cache_parameters())
# %%
print(tree["t"] is tree, len(tree), list(tree.items())[0][0], isinstance(tree, collections.abc.Mapping), decorated(), decorated(), sub.a, sub.b, sub.c, Single() is single, list(Item), 2 in Item, Registry.all["i"] is Item)
print(pat[re.compile("a")], chain["a"], chain.maps[0] is counter, fn(3, 2), local.store, Local.__qualname__, type(local) is Local)
try: empty_cell()
except NameError as e: print(e)
print(ns.self is ns, WithDel.gone, p2.p, p2.q, P2.p.__doc__)
wd = None
(local + 2).add(3)
counter["a"] += 1
# %%
print(WithDel.gone, local.store, chain["a"], list(Colour.__members__), Local.add is Local.__add__, Row.b.values is not Row.a.values)
row.a = 9; child.y = (3,)
class Item2(Item, key="j"): pass
print(Registry.all.keys(), list(Item2))
# %%
print(row.a, child.y, Registry.all["j"] is Item2, Item2.__mro__[1] is Item)
