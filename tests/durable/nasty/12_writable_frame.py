import numpy as np, pandas as pd
df = pd.DataFrame(np.arange(40000.0).reshape(10000, 4), columns=list("abcd"))
df["t"] = pd.date_range("2020", periods=10000)
df["c"] = pd.Categorical(["x", "y"] * 5000)
df["s"] = "text"
df.attrs["k"] = 1
# %%
df.iloc[0, 0] = 5
df.loc[3, "s"] = "other"
print(df.head(), df.dtypes, df.attrs)
# %%
df["e"] = df["a"] * 2
print(df.describe())
