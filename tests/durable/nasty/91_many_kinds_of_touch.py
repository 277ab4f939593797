import weakref, operator
class N:
    def __init__(self):
        self.items = list(range(5000))
    def __iadd__(self, other):
        self.items.append(other)
        return self
    def __del__(self):
        log.append("del" + "x" * 5000)
    @property
    def size(self):
        self.items.append("property")
        return 1
log = ["z" * 5000]
n = N()
w = weakref.ref(n)
by = {"k": n}
f = operator.methodcaller("__iadd__", 3)
# %%
n += 1
# %%
w().items.append("weak")
# %%
by["k"].size
# %%
_ = f(n)
# %%
print(n.items[5000:])
del by, n, _
# %%
log2 = list(log)
print(len(log2), w())
