import numpy as np, pandas as pd
from functools import wraps, lru_cache, cached_property, partial
from collections import defaultdict
LOG = []
def trace(f):
    @wraps(f)
    def inner(*a, **k):
        LOG.append(f.__name__)
        return f(*a, **k)
    return inner
class Model:
    cache = {}
    def __init__(self, data): self.data = data
    @trace
    def fit(self): self.coef_ = self.data.mean(); Model.cache[id(self) and "k"] = self; return self
    @lru_cache(maxsize=None)
    def pred(self, n): LOG.append("pred"); return self.coef_ * n
    @cached_property
    def heavy(self): LOG.append("heavy"); return self.data * 2
    @staticmethod
    @trace
    def st(x): return x + 1
    @classmethod
    @trace
    def cl(cls, x): return cls(x)
    def __enter__(self): return self
    def __exit__(self, *a): LOG.append("exit")
    def __iter__(self): return iter(self.data)
    def __getitem__(self, i): return self.data[i]
    def __call__(self, v): return v + len(self.data)
m = Model(np.arange(4.0)).fit()
handlers = defaultdict(list)
def on(name):
    def deco(f): handlers[name].append(f); return f
    return deco
@on("a")
def ha(x): LOG.append(x); return ha
@on("a")
def hb(x): return [f(x) for f in handlers["b"]]
@on("b")
def hc(x): m.data[0] = x
def fire(name, *a):
    for f in handlers[name]: f(*a)
class Meta(type):
    def __call__(cls, *a):
        LOG.append(cls.__name__); return super().__call__(*a)
class Sing(metaclass=Meta):
    inst = None
class Chain:
    def __init__(self, v=()): self.v = list(v)
    def __getattr__(self, n):
        if n.startswith("__"): raise AttributeError(n)
        return lambda *a: (self.v.append(n), self)[1]
chain = Chain().a().b()
state = {"i": 0}
def bump(): state["i"] += 1; return state["i"]
bumpers = [bump, partial(bump), lambda: bump(), staticmethod(bump).__func__, type("B", (), {"__call__": lambda self: bump()})()]
df = pd.DataFrame({"x": [1, 2, 3]})
def mutate(d, col="x"): d.loc[0, col] += 1; LOG.append(int(d.loc[0, col]))
pipes = {"m": mutate}
g = {"df": df, "f": pipes["m"]}
text = "df.loc[1, 'x'] = 77"
names = ["df", "state"]
# %%
fire("a", 5.0); print(LOG, m.data, m.pred(2), m.heavy is m.heavy)
# %%
g["f"](g["df"]); [b() for b in bumpers]; print(state, df, LOG[-1])
# %%
exec(text); print(df.x.tolist(), m.pred(3), m(1), list(m)[:2], chain.c().v, Model.st(1), len(Model.cl([1]).data))
# %%
for n in names: print(n, str(globals()[n])[:20])
with m as mm: mm.data[1] = 50
print(m.data, m.heavy, Model.cache["k"] is m, Sing().inst, LOG)
# %%
h = handlers["a"][0]; print(h(1)(2) is ha, LOG[-2:])
setattr(Model, "new", lambda self: self.data.sum()); print(m.new())
# %%
print(m.new(), df.query("x > @state['i']").shape, eval("bump()"), pd.eval("df.x + 1").tolist())
del handlers["a"][:]; fire("a", 1); print(len(LOG))
# %%
print(len(handlers["b"]), state, m[1])
