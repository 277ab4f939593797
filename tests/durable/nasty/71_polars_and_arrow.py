import polars as pl, pyarrow as pa
a = pl.DataFrame({"x": [1, 2], "s": ["a", None], "l": [[1], [2, 3]], "c": ["u", "v"]}, schema_overrides={"c": pl.Categorical})
b = a["x"]
c = a.lazy().filter(pl.col("x") > 1)
d = pa.table({"x": range(100000)})
e = d.slice(5, 3)
f = pa.array([1, None])
g = pl.col("x") + 1
h = pl.DataFrame({"x": [1.5, 2], "d": [True, False]})
i = h
# %%
print(a, b, c.collect(), d.num_rows, e, f, g, h.schema, i is h)
# %%
h.replace_column(0, pl.Series("x", [3.0, 4]))
print(i)
