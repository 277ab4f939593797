import numpy as np, pandas as pd
df = pd.DataFrame({"a": np.arange(100000), "g": np.arange(100000) % 3, "s": "x"})
# %%
print(len(df), df["a"].sum())
# %%
print(df.groupby("g")["a"].mean())
# %%
print(df.describe(), df.loc[3])
