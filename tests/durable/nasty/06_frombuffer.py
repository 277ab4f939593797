import numpy as np
ba = bytearray(8)
n = np.frombuffer(ba, "u1")
# %%
n[0] = 9
print(ba[0], ba)
