import pandas as pd
df = pd.DataFrame({"a": [1, 2], "b": [1.5, 2]})
d1 = df[["a"]]
d2 = df[:]
# %%
d1.iloc[0, 0] = 9
print(df, d1)
# %%
d2.iloc[1, 1] = 5
print(df, d1, d2)
