# The empty tuple, which all code shares, ties nothing.
import numpy as np
from collections import namedtuple
gen = np.random.default_rng(1)
# %%
row = namedtuple("Row", "a b")(1, 2)
# %%
row = row._replace(a=int(gen.integers(9)))
print(row)
# %%
print(gen.integers(9), row)
