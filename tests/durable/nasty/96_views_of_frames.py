import pandas as pd, numpy as np
df = pd.DataFrame({"a": [1.0, 2], "b": [3.0, 4]})
v = df.to_numpy()
row = df["a"].to_numpy()
arr = np.zeros(5)
s = pd.Series(arr, copy=False)
d2 = df
d3 = df.copy()
l = [df, {"x": df}]
# %%
df.loc[0, "a"] = 9
print(df, d2 is df, l[0] is df, l[1]["x"] is df, d3)
# %%
arr[0] = 4
print(s[0])
