import numpy as np
x = [1]
o = np.array([x, None], object)
o2 = o[::-1]
# %%
x.append(2)
o2[0] = "end"
print(o[0], o)
