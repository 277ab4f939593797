ns = {}
exec("X = 1\ndef f():\n    global X\n    X += 1\n    return X\nclass C:\n    def m(self):\n        return X\n", ns)
f = ns["f"]
c = ns["C"]()
# %%
print(f(), ns["X"], ns["f"] is f, c.m())
# %%
print(f(), ns["X"], c.m(), f.__globals__ is ns)
