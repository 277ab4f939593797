import numpy as np
buffer = bytearray([92, 67, 99, 144, 244, 218, 103, 33, 236, 202, 70, 159, 121, 176])
signal = np.frombuffer(buffer, dtype='u1')
grid = signal[::2]
# %%
grid6 = grid[::-1]
grid8 = signal[::-1]
print(grid6.tolist(), np.shares_memory(grid6, signal))
# %%
buffer[6] = 196
matrix9 = grid6[::-1]
print(grid6.tolist(), grid8.tolist(), np.shares_memory(grid6, signal), np.shares_memory(matrix9, signal))
# %%
print(grid6.tolist(), grid8.tolist(), np.shares_memory(grid6, signal), np.shares_memory(matrix9, grid8))
