def h():
    return later
# %%
later = 3
print(h())
