import json, pathlib, textwrap
from functools import wraps
from collections import OrderedDict
CALLS = []
original = json.dumps
@wraps(json.dumps)
def patched(*args, **options):
    CALLS.append(len(args))
    return original(*args, **options)
json.dumps = patched
def shout(self):
    CALLS.append(self.name)
    return self.name.upper()
pathlib.PurePath.shout = shout
def later():
    textwrap.MARK = "set"
# %%
print(json.dumps([1]), CALLS, json.dumps is patched, pathlib.Path("a").shout())
# %%
print(hasattr(textwrap, "MARK"))
print(pathlib.Path("b").shout(), CALLS, json.dumps({}), original([2]))
later()
# %%
print(textwrap.MARK, CALLS)
json.dumps = original
# %%
print(json.dumps([3]), CALLS)
