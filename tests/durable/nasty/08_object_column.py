import pandas as pd
x = [1]
df = pd.DataFrame({"a": [x, None], "n": [1, 2]})
s = pd.Series([x, 3], dtype=object)
# %%
x.append(2)
print(df["a"][0], s[0], df.dtypes.tolist())
