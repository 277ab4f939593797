import numpy as np, pandas as pd
df = pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6], "when": pd.date_range("2024-01-01", periods=3)})
values = df["a"].to_numpy()
whole = df[["a", "b"]].to_numpy()
same = df[:]
column = df["a"]
memory = np.arange(3.0)
over = pd.DataFrame({"m": memory}, copy=False)
part = over[:]
labels = over.set_index("m").index
dates = df["when"].to_numpy()
# %%
print(values.flags.writeable, values, same.equals(df))
df.loc[0, "a"] = 9
print(values, whole[0], same.loc[0, "a"], column[0])
same.loc[1, "b"] = 50
print(df.loc[1, "b"], column[1])
memory[0] = 8
print(over.m.tolist(), part.m.tolist())
# %%
df.loc[1, "a"] = 10
df.loc[0, "when"] = pd.Timestamp("2030-01-01")
print(values, column.tolist(), same.a.tolist(), dates[0])
part.loc[1, "m"] = 7
print(memory, over.m.tolist(), part.m.tolist())
over.loc[2, "m"] = 6
print(memory, over.m.tolist(), part.m.tolist(), labels.tolist())
# %%
single = pd.DataFrame({"x": [1, 2, 3]})
shown = single["x"].to_numpy()
# %%
single.loc[0, "x"] = 5
print(shown)
# %%
single.loc[1, "x"] = 6
print(shown, np.shares_memory(shown, single["x"].to_numpy()))
