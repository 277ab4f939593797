import numpy as np
np.set_printoptions(precision=2, threshold=5)
before = np.seterr(divide="raise")
# %%
print(np.array([1 / 3]), np.arange(9), np.geterr()["divide"])
np.set_printoptions(precision=4)
# %%
print(np.array([1 / 3]))
try:
    np.array([1]) / 0
except FloatingPointError as error:
    print(error)
