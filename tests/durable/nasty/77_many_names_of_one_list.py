import weakref
x = [1]
names = [f"n{i}" for i in range(50)]
for n in names:
    globals()[n] = x if n != "n7" else {"x": x}
# %%
n3.append(2)
print(n7, n49 is n3)
# %%
del n3, n49, x
n5.append(3)
print(n7["x"] is n5, n6)
