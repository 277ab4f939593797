import datetime, enum, functools, itertools, collections, numpy as np, pandas as pd, random, re, json, io, os, pathlib, typing
class Day(datetime.date, enum.Enum):
    A = 2024, 1, 1
@__import__("dataclasses").dataclass
class Mix:
    a: int
    b: int = 2
class ME(Mix, enum.Enum):
    X = 1, 2
class SE(str, enum.Enum):
    S = "s"
def make(n):
    def f(x, y=[n]): y.append(x); return y
    f.n = n
    return f
fs = {k: make(k) for k in range(3)}
alias = fs[1].__defaults__[0]
it = iter(fs.items()); next(it)
gen_list = [lambda i=i: i for i in range(3)]
late = [lambda: i for i in range(3)]
class Node:
    __slots__ = "next", "prev", "v"
    def __init__(self, v): self.v = v; self.next = self.prev = None
a, b = Node(1), Node(2); a.next, b.prev = b, a
d = {}; d[1] = d; l = [d]; d["l"] = l; t = (l, d); l.append(t)
s = {t2 := (1, frozenset({2}))}
fz = frozenset([("a", 1)])
m = np.arange(12).reshape(3, 4); row = m[1]; col = m[:, 1]; sub = m[::2, ::2]; m2 = m.T; ob = np.array([l, d, None], dtype=object); ov = ob[:2]
rec = np.rec.array([(1, "a")], dtype=[("n", "i4"), ("s", "U3")]); struct_view = np.zeros(3, dtype=[("x", "f4"), ("y", "f4")]); sx = struct_view["x"]
mm = np.ma.array([1, 2, 3], mask=[0, 1, 0]); mmd = mm.data
df = pd.DataFrame({"a": range(4), "o": [l, None, d, 3]}); g = df.groupby("a"); idx = df.index; df.attrs["l"] = l
df2 = df; s1 = df["a"]; mi = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"]); dfm = pd.DataFrame({"v": [1, 2, 3, 4]}, index=mi)
cat = pd.Categorical(["a", "b", "a"], ordered=True); per = pd.period_range("2024", periods=2, freq="M"); iv = pd.IntervalIndex.from_breaks([0, 1, 2]); roll = df["a"].rolling(2); exp = df["a"].expanding(); res = pd.Series([1, 2], index=pd.date_range("2024", periods=2)).resample("D")
random.seed(5); np.random.seed(6); rs = np.random.RandomState(1); sd = np.random.SeedSequence(3); bg = np.random.PCG64(sd); rng = np.random.Generator(bg)
os.makedirs("sub", exist_ok=True); f = open("sub/x.txt", "w+"); f.write("hello\nworld\n"); f.seek(2); f2 = open("sub/x.txt", "rb"); f2.read(3); lines = open("sub/x.txt"); 
enc = json.JSONEncoder(indent=2); dec = json.JSONDecoder(object_hook=lambda o: o)
bio = io.BytesIO(b"abc"); bio.read(1)
poly = np.poly1d([1, 2]); vec = np.vectorize(lambda x: x + 1)
dt = np.dtype([("a", "i4")]); sc = np.float64(2); dt64 = np.datetime64("2024"); arr0 = np.array(5)
td = pd.Timedelta("1D"); ts = pd.Timestamp("2024", tz="UTC"); off = pd.offsets.MonthEnd(2); nat = pd.NaT; na = pd.NA
# %%
print(Day.A.month, Day["A"] is Day.A, ME.X.a, SE.S is SE("s"), fs[1](5), alias, fs[2].n, next(it)[0], [g2() for g2 in gen_list], [g2() for g2 in late])
print(a.next is b, b.prev is a, d[1] is d, l[1] is t, t[1] is d, s, fz, t2 in s)
row[0] = 99; col[2] = 98; sub[0, 0] = 97; print(m.tolist(), m2[0].tolist(), ob[0] is l, ov[1] is d); ov[0] = 5; print(ob[0]); struct_view["x"][0] = 3; print(sx, rec.n, mm, mmd is mm.data); mmd[0] = 50; print(mm)
print(g.size().tolist(), df.o[0] is l, df.attrs["l"] is l, df2 is df, dfm.loc[("a", 2), "v"], cat.codes, per[1], iv[0], roll.sum().tolist(), exp.sum().tolist(), res.sum().tolist(), idx is df.index)
print(random.random(), np.random.rand(), rs.rand(), rng.random(), bg is rng.bit_generator, sd.entropy)
# %%
print(f.readline(), f2.read(2), next(lines), enc.encode({"a": 1}), dec.decode("{}"), bio.read(), poly(2), vec([1]), dt, sc, dt64, arr0, td, ts, off, nat, na)
f.write("!"); f.flush(); df.loc[0, "a"] = 9; print(s1.tolist(), g.obj is df, g["a"].sum().tolist())
l.append(3); print(len(df.attrs["l"]), len(d["l"]), rng.random(), rs.rand(), bg.random_raw())
# %%
print(f2.read(), next(lines), f.tell(), m.sum(), len(l), [x.v for x in (a, b)], df.o[0] is l, rng.random(), random.random(), np.random.rand())
