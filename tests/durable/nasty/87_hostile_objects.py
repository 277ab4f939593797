class Meta(type):
    def __getattribute__(cls, name):
        raise ValueError("meta " + name)
class A(metaclass=Meta):
    pass
class B:
    def __getattribute__(self, name):
        raise ValueError("no")
class C:
    @property
    def __dict__(self):
        raise ValueError("dict")
class D:
    def __reduce_ex__(self, p):
        raise KeyboardInterrupt
class E:
    def __reduce_ex__(self, p):
        raise SystemExit
class F:
    def __reduce_ex__(self, p):
        return "F"
class G:
    __module__ = "numpy"
class H:
    pass
H.__qualname__ = "list"
H.__module__ = "builtins"
class S(str):
    pass
class Ex(Exception):
    @property
    def args(self):
        raise ValueError("args")
    @property
    def __cause__(self):
        raise ValueError("cause")
a = type.__call__(A)
b, c, d, e, f, g, h = B(), C(), D(), E(), F(), G(), H()
ex = Ex(1)
globals()[S("odd")] = [1]
globals()[5] = 6
ok = [1]
# %%
print(ok)
print(type(g).__name__, type(h).__name__)
# %%
# lost: d
d
# %%
# lost: e
e
