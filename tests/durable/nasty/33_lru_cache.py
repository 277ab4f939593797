from functools import lru_cache, cache
calls = []
@lru_cache(maxsize=3)
def f(x):
    calls.append(x)
    return x * 2
@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
f.note = "kept"
print(f(1))
# %%
print(f(5), f.cache_parameters(), f.note, fib(30), f.__name__)
print(5 in calls)
