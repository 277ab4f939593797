X = 1
def g():
    global X
    X = 5
# %%
g()
print(X, g.__globals__ is globals())
# %%
print(X)
