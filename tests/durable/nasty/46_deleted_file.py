import os
f = open("a.txt", "w+")
f.write("abc")
f.flush()
# %%
os.remove("a.txt")
# %%
# lost: f
f.write("x")
