import numpy as np, polars as pl
n = np.arange(5)
s = pl.Series("s", n)
# %%
print(s[0], s.to_list(), s.name)
