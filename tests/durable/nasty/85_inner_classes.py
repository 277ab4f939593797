class Outer:
    class Inner:
        def __init__(self, v):
            self.v = v
    def make(self):
        return Outer.Inner(1)
o = Outer()
i = o.make()
def factory():
    class Local:
        x = 1
    return Local
L1, L2 = factory(), factory()
l = L1()
del factory
# %%
print(type(i) is Outer.Inner, i.v, isinstance(l, L1), isinstance(l, L2), L1.__qualname__)
