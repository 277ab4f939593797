a = [1]
b = a
# %%
b.append(2)
print(a, a is b)
