import pandas as pd, polars as pl
df = pd.DataFrame({"a": [1, 2, 3]})
t = 1
n = "t"
# %%
print(df.query("a > @t"), df.eval("a + 1").tolist())
# %%
print(df.query(f"a > @{n}"))
