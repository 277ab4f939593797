import os, sys, io, csv, logging, warnings, decimal, datetime, contextlib, tempfile, pathlib, collections, copy, itertools, json, re
log = logging.getLogger("svc"); log.setLevel("DEBUG"); log.propagate = False
class Ring(logging.Handler):
    def __init__(self, n): super().__init__(); self.buf = collections.deque(maxlen=n)
    def emit(self, r): self.buf.append(self.format(r))
class F(logging.Filter):
    def filter(self, r): r.extra = "E"; return r.levelno > 10
ring = Ring(3); ring.setFormatter(logging.Formatter("%(levelname)s %(extra)s %(message)s")); ring.addFilter(F()); log.addHandler(ring)
fh = logging.FileHandler("svc.log"); log.addHandler(fh); child = log.getChild("sub"); logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=io.StringIO())
root_stream = logging.root.handlers[0].stream
logging.addLevelName(25, "NOTE")
f = open("a.bin", "wb+", buffering=0); f.write(b"12345"); f.seek(1)
t = open("u.txt", "w", encoding="utf-16", newline="\r\n"); t.write("é\n")
r = open("svc.log")
p = pathlib.Path("d"); p.mkdir(); (p / "x").write_text("1"); files = sorted(p.iterdir())
bw = io.BufferedWriter(io.FileIO("raw", "w")); bw.write(b"zz")
sio = io.StringIO("l1\nl2\n"); sio.readline(); tee = [sio, sio]
wrap = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True); wrap.write("hey")
ctx = decimal.Context(prec=4); decimal.getcontext().prec = 7; decimal.getcontext().traps[decimal.Inexact] = False
warnings.filterwarnings("ignore", category=UserWarning, message="x.*")
os.chdir("d"); os.chdir("..")
err = None
try: {}["k"]
except KeyError as e:
    e.add_note("note"); err = e
errs = [err, ValueError(err)]; errs[1].__cause__ = err
pat = re.compile(r"(?P<n>\d+)"); sub = pat.sub
gen = (i for i in range(3))
def counter():
    n = 0
    while True: n += 1; yield n
mapped = map(str, itertools.count(1)); zipped = zip(mapped, [1, 2, 3]); ch = itertools.chain.from_iterable([[1, 2], [3]]); isl = itertools.islice(ch, 2); cyc = itertools.cycle("ab"); next(cyc); acc = itertools.accumulate([1, 2, 3], initial=10); grp = itertools.groupby("aabb"); te = itertools.tee([1, 2, 3]); next(te[0])
# %%
log.info("one"); child.warning("two"); log.log(25, "three"); logging.warning("root %s", 1)
print(list(ring.buf), root_stream.getvalue(), r.read(), log.handlers[1] is fh, f.read(2), f.tell(), t.write("x"), files, bw.write(b"y"), sio.readline(), tee[0] is tee[1], wrap.buffer.getvalue(), ctx.divide(1, 3), decimal.Decimal(1) / 3)
with warnings.catch_warnings(record=True) as ws: warnings.warn("xx"); warnings.warn("yy"); print(len(ws))
# %%
print(err.__notes__, errs[1].__cause__ is errs[0], sub("N", "a1"), next(zipped), next(isl), next(cyc), next(acc), next(acc), next(te[0]), next(te[1]))
t.flush(); bw.flush(); print(pathlib.Path("u.txt").read_bytes(), pathlib.Path("raw").read_bytes())
log.info("four"); print(list(ring.buf), len(r.read()))
# %%
# lost: gen
next(gen)
# %%
print(next(zipped), list(isl), list(ch), next(cyc), list(acc), list(te[0]), list(te[1]), next(mapped), f.read(), t.closed)
t.close(); fh.close(); print(t.closed)
# %%
print(t.closed, log.handlers[1].stream, json.dumps([str(x) for x in errs]), logging.getLevelName(25))
