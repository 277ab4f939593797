with open("helpers.py", "w") as out:
    out.write("CACHE = {}\nclass H:\n    pass\ndef put(k, v):\n    CACHE[k] = v\n    return CACHE\n")
import helpers
from helpers import put
helpers.put("a", [1])
h = helpers.H()
# %%
put("b", 2)
print(helpers.CACHE, helpers.put is put, type(h) is helpers.H)
# %%
import helpers as again
print(again.CACHE, again is helpers)
