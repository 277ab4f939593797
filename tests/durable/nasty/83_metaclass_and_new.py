class Meta(type):
    registry = {}
    def __new__(mcls, name, bases, ns, **kw):
        print("new", name)
        cls = super().__new__(mcls, name, bases, ns)
        mcls.registry[name] = cls
        return cls
    def __init__(cls, name, bases, ns, flag=False):
        super().__init__(name, bases, ns)
        cls.flag = flag
class A(metaclass=Meta, flag=True):
    pass
class B(A):
    pass
b = B()
# %%
print(Meta.registry["B"] is B, A.flag, B.flag, type(b) is B)
# %%
class C(B):
    pass
print(sorted(Meta.registry), A.__subclasses__() == [B])
