a = {}
b = {"a": a}
a["b"] = b
# %%
print(a["b"] is b, b["a"] is a)
