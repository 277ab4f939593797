import numpy as np, polars as pl, pyarrow as pa
a = np.arange(6)
series, column, table = pl.Series("s", a), pa.array(a), pa.table({"x": pa.array(a[1:5])})
frame = pl.DataFrame({"f": pl.Series(a[::1]), "w": ["a"] * 6})
part = table.slice(1, 1)
floats = np.zeros(4)
batch = pa.record_batch({"y": pa.array(floats)})
other = pl.Series("o", [1, 2, 3])
view = other.to_numpy()
# %%
a[2] = 50
print(series.to_list(), column.to_pylist(), table["x"].to_pylist(), frame["f"].to_list(), part["x"].to_pylist())
floats[1] = 2.5
print(batch.to_pydict())
series[0] = 9
print(a, series.to_list(), column.to_pylist())
# %%
a[3] = 60
print(series.to_list(), column.to_pylist(), table["x"].to_pylist(), frame["f"].to_list(), part["x"].to_pylist())
other[0] = 5
print(view, other.to_list())
floats[0] = 1
# %%
a[4] = 70
print(a, series.to_list(), column.to_pylist(), table["x"].to_pylist(), frame.rows(), batch.to_pydict())
