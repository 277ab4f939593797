import sqlite3
d = {"ok": 1, "bad": sqlite3.connect(":memory:")}
e = [d]
z = [1]
# %%
print(z)
# %%
# lost: d
d
# %%
# lost: e
e
