import inspect
from functools import wraps

def plain(x):
    """Doc."""
    return max(
        x,
        1,
    )
    # the end of it

def decorate(f):
    @wraps(f)
    def inner(*args):
        return f(*args)
    return inner

@decorate
def decorated(x):
    text = """
no indent
"""
    def nested():
        return x
    return nested

class A:
    def method(self):
        return 1

    async def other(self): return 2

key = lambda one: one[0]
def fails():
    raise ValueError(1)
# %%
for one in plain, decorated, decorated.__wrapped__, decorated(1), A.method, A.other, A().method, key, decorate:
    print(inspect.getsource(one))
def later(): return 1
# %%
import traceback
print(inspect.getsource(plain), inspect.getsource(later), inspect.getsourcelines(A.other))
try:
    fails()
except ValueError:
    print(traceback.format_exc().splitlines()[-2:])
