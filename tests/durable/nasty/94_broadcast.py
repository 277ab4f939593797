import numpy as np
a = np.broadcast_to(np.arange(3), (10 ** 6, 10 ** 6, 3))
w = np.lib.stride_tricks.sliding_window_view(np.arange(10.0), 3)
e = np.zeros((3, 0))
# %%
print(a.shape, a[5, 7], w[2], e.shape, a.flags.writeable)
