import numpy as np
a = np.zeros(9)
v = a[2:5]
# %%
v[0] = 7
print(a[2], v.base is not None, a.flags.writeable)
