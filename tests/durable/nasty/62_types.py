import re, datetime, decimal, fractions, uuid, pathlib, types, collections, array, zoneinfo, operator, functools
a = re.compile("x+", re.I)
b = datetime.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC"))
c = decimal.Decimal("1.10")
d = types.SimpleNamespace(x=[1])
e = collections.defaultdict(lambda: 5, {1: 2})
f = collections.OrderedDict(z=1, a=2)
g = collections.deque([1, 2], maxlen=2)
h = types.MappingProxyType({"k": [1]})
i = array.array("d", [1.5])
j = pathlib.Path("x/y")
k = operator.attrgetter("x")
l = functools.partial(max, key=lambda v: -v)
m = slice(1, 2)
n = {1: 2}.keys()
o = collections.ChainMap({1: 2})
p = memoryview(bytearray(b"abc"))
q = object()
r = [q, q]
s = float("nan")
t = [s]
u = collections.Counter("aab")
v = range(3)
w = NotImplemented, ...
x = frozenset({1, 2})
y = print
z = [1].append
# %%
print(a.match("XX"), b, c, d, e[9], f, g, h, i, j, k(d), l(1, 2), m, n, o, bytes(p), r[0] is q, t, u, v, w, x, y is print)
z(5)
print(z.__self__)
