import numpy as np
big = np.arange(100000)
L = [[i] * 3 for i in range(5000)]
def change():
    L[0].append("seen")
class Box:
    def __init__(self, content):
        self.content = content
    def set(self, i, v):
        self.content[i] = v
box = Box(big)
p = L.append
import functools
q = functools.partial(L.extend, [["ext"]])
d = {"deep": {"er": L}}
it = (x for x in [1])
# %%
change()
# %%
box.set(0, 99)
# %%
p(["appended"])
# %%
q()
# %%
d["deep"]["er"][1] = "replaced"
# %%
alias = d["deep"]
alias["er"][2] = "via alias"
# %%
exec("L[3] = 'by exec'")
# %%
globals()["L"][4] = "by globals"
# %%
print(L[:5], L[-2:], big[0], len(L))
# %%
getattr(box, "set")(1, 77)
x = big[5:]
# %%
x[0] = -5
# %%
print(big[:7], box.content is big)
