import numpy as np, pandas as pd
base = {"x": [1, 2]}
class Node:
    __slots__ = ("left", "right", "__weakref__")
    def __init__(self, left=None, right=None):
        self.left, self.right = left, right
n = Node(base, Node())
n.right.right = n
def f(extra=base["x"]):
    extra.append(len(extra))
    return extra
m = n.right
# %%
print(f() is base["x"], n.left is base, m.right is n, f.__defaults__[0] is base["x"])
# %%
base["x"].append("end")
print(f(), n.left["x"], hasattr(m, "left"))
