g = globals()
import sys
me = sys.modules["__main__"]
d = {"ns": globals(), "x": 1}
def f():
    return globals() is g
# %%
print(g is globals(), d["ns"] is globals(), me.d is d, f())
# %%
y = 5
print(g["y"], me.y, d["ns"]["y"])
