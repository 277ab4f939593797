import numpy as np
a = np.arange(6).reshape(2, 3).T
b = np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")])
c = np.ma.array([1, 2, 3], mask=[0, 1, 0])
d = np.matrix([[1, 2]])
e = np.array(["2020-01-01"], "M8[D]")
f = np.array(["abc", "d"])
g = np.float64(1.5)
h = np.array(3)
i = np.zeros((0, 3))
j = np.broadcast_to(np.arange(3), (2, 3))
k = np.arange(10)[::-2]
l = np.array([b"x", None, [1]], object)
m = np.rec.array([(1, "a")], names="p,q")
n = np.dtype("f4")
o = np.array([1 + 2j], order="F")
p = np.asfortranarray(np.arange(6.0).reshape(2, 3))
q = np.arange(3)
q.flags.writeable = False
r = np.ma.masked
s = np.poly1d([1, 2])
t = np.sin
big = np.arange(100000)
part = big[1000:]
field = b["y"]
class Sub(np.ndarray):
    pass
sub = np.arange(3).view(Sub)
sub.note = "n"
# %%
for v in a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, s, t, sub:
    print(repr(v), getattr(v, "flags", None) is not None and getattr(v, "shape", None))
print(r is np.ma.masked, p.flags.f_contiguous, q.flags.writeable, j.flags.writeable, sub.note, type(sub) is Sub)
part[0] = -1
field[0] = 9
big.sort()
print(big[:3], part[-1], b)
# %%
print(big[1000], part[0], b["y"], a.flags.c_contiguous)
