registry = {}
def register(cls):
    print("register", cls.__name__)
    registry[cls.__name__] = cls
    return cls
class Named:
    def __set_name__(self, owner, name):
        print("set", name)
        self.name = name
class Base:
    def __init_subclass__(cls, **options):
        print("subclass", cls.__name__)
        super().__init_subclass__()
@register
class A(Base):
    n = Named()
a = A()
# %%
print(registry["A"] is A, A.n.name, isinstance(a, Base))
# %%
class B(A):
    pass
# %%
print(B.__mro__, Base.__subclasses__())
