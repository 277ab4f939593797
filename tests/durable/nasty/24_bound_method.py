import types
class A:
    pass
def f(self):
    return self
a = A()
a.m = types.MethodType(f, a)
m = a.m
# %%
print(a.m() is a, m() is a)
