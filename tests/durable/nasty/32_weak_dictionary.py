import weakref
class K:
    pass
k = K()
d = weakref.WeakKeyDictionary({k: 1})
v = weakref.WeakValueDictionary({"k": k})
s = weakref.WeakSet([k])
# %%
print(d[k], v["k"] is k, k in s)
# %%
del k
import gc; _ = gc.collect()
print(len(d), len(v), len(s))
