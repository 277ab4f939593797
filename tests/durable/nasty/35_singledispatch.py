from functools import singledispatch, singledispatchmethod
@singledispatch
def f(x):
    return "any"
@f.register
def _(x: int):
    return "int"
@f.register(list)
def _(x):
    return "list"
class S:
    @singledispatchmethod
    def m(self, x):
        return "any"
    @m.register
    def _(self, x: str):
        return "str"
print(f(1))
# %%
print(f(1), f([]), f(""), S().m("a"), S().m(1))
# %%
_ = f.register(str, lambda x: "str")
# %%
print(f("a"))
