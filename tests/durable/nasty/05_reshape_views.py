import numpy as np
a = np.zeros(4)
b = a.T.reshape(2, 2)
c = a.view("u1")
# %%
c[:] = 255
print(a, b)
