def f(x, acc=[], *, key={}):
    acc.append(x)
    key[x] = len(acc)
    return acc, key
# %%
print(f(1))
# %%
print(f(2))
