import numpy as np
big = np.arange(1000000.0)
t = big[:10]
s = big[::100000]
del big
# %%
print(t, s, t.strides, s.sum())
