def f():
    f.n += 1
    return f.n
f.n = 0
# %%
print(f())
# %%
print(f())
