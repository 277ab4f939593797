import numpy as np
base = np.arange(10.0)
x = base[1:]
y = base[:3]
del base
# %%
x[0] = 1.5
print(y[1], x, y)
