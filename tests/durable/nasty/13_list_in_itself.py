l = []
l.append(l)
# %%
print(l[0] is l)
