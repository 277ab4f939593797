# The empty tuple, which all code shares, ties nothing.
import numpy as np
from collections import namedtuple
gen = np.random.default_rng(1)
# %%
Row = namedtuple("Row", "a b")
row = Row(1, 2)
# %%
row = Row(gen.integers(9), row.a)
print(row, type(row) is Row)
# %%
print(gen.integers(9), row)
