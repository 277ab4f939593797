import weakref
class A:
    pass
a = A()
w = weakref.ref(a)
# %%
print(w() is a)
# %%
del a
print(w())
