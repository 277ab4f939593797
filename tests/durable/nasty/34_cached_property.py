from functools import cached_property
class A:
    n = 0
    @cached_property
    def x(self):
        A.n += 1
        return [A.n]
a = A()
print(a.x)
# %%
print(a.x, A.n)
b = A()
# %%
print(b.x, b.x is b.x, A.n)
