x = None
for i in range(100000):
    x = [x]
ok = 1
y = None
for i in range(400):
    y = {"next": y}
# %%
print(ok, y["next"]["next"] is not None)
# %%
# lost: x
x
