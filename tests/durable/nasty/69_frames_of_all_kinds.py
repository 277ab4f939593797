import numpy as np, pandas as pd
a = pd.DataFrame({"i": pd.array([1, None], "Int64"), "s": pd.array(["x", None], "string"), "b": pd.array([True, None], "boolean")})
b = a.set_index("s")
c = pd.DataFrame(np.arange(6).reshape(3, 2), index=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "n"]), columns=["x", "x"])
d = pd.Series(pd.date_range("2020", periods=3, tz="Europe/Berlin"), name="when")
e = pd.Series([1, 2], index=pd.PeriodIndex(["2020-01", "2020-02"], freq="M"))
f = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"], ordered=True), "t": pd.to_timedelta([1, 2, 3], "s"), "iv": pd.interval_range(0, 3)})
g = pd.DataFrame()
h = pd.DataFrame(index=[1, 2])
i = pd.DataFrame({"o": [{"k": 1}, [2]], "m": [1, 2]})
j = c.groupby("k")
k = d.index
l = pd.DataFrame(columns=["p", "q"])
m = pd.DataFrame({"sp": pd.arrays.SparseArray([0, 0, 1])})
n = pd.Series(["a", "b"]).str
o = f.T
# %%
for v in a, b, c, d, e, f, g, h, i, k, l, m, o:
    print(v)
    print(getattr(v, "dtypes", None))
print(j.sum(), n.upper())
# %%
c.iloc[0, 0] = 100
c["y"] = 1.5
d.iloc[0] = pd.Timestamp("2021", tz="Europe/Berlin")
i.loc[0, "m"] = 9
a.loc[0, "i"] = 7
print(c, d, i, a, j.sum())
