import json
L = []
original = json.dumps
def patched(*a, **k):
    L.append(1)
    return original(*a, **k)
json.dumps = patched
json.dumps(1)
# %%
print(len(L))
