import threading
d = {"lock": threading.Lock(), "n": [1]}
del d["lock"]
e = d
# %%
print(d, e is d)
