x = [1, 2]
g = (i for i in x)
# %%
print(x)
# %%
# lost: g
next(g)
