x = [1]
y = [x]
z = x
# %%
del x
z = 5
y[0].append(2)
print(y, z)
# %%
w = y[0]
# %%
w.append(3)
print(y)
