from collections import OrderedDict
d = OrderedDict(one=1, two=2)
keys, values, items = d.keys(), d.values(), d.items()
# %%
d["three"] = 3
print(list(keys), list(values), list(items), [type(one).__name__ for one in (keys, values, items)])
# %%
d.move_to_end("one")
print(list(keys), list(values), list(items))
