import threading
d = {"lock": threading.Lock(), "n": [1]}
n = d["n"]
# %%
n.append(2)
print(n)
