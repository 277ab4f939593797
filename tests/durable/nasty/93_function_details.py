from __future__ import annotations
import inspect
def f(a: int, /, b: "str" = "x", *c, d=3, **e) -> list[int]:
    """Doc."""
    def inner():
        return __name__
    return inner()
f.attr = {"k": f}
lam = lambda x, y=[]: y.append(x) or y
fs = [lambda i=i: i for i in range(3)]
gen = (lambda: (yield 1))
async def co():
    return 1
class Call:
    def __call__(self):
        return 5
call = Call().__call__
m = "abc".upper
s = str.upper
b = lam.__get__(1)
# %%
print(f(1), inspect.signature(f), f.__doc__, f.attr["k"] is f, lam(1), [g() for g in fs], list(gen()), call(), m(), s("x"), b())
print(f.__annotations__, f.__module__, f.__code__.co_filename)
# %%
print(lam(2), b(), inspect.iscoroutinefunction(co))
