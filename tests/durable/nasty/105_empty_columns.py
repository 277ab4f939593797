import pandas as pd, pyarrow as pa
df = pd.DataFrame({"a": [1, 2], "word": ["x", "y"]})
no_columns = df.set_index(["a", "word"])
no_rows = df[df["a"] > 5]
empty = pa.array(["long text", "more"]).slice(1, 0)
few = pa.table({"t": ["some text"] * 100}).slice(3, 2)
# %%
print(no_columns, no_rows.word.tolist(), empty, few)
no_columns["c"] = 1
# %%
print(no_columns.c.tolist(), no_rows.shape, len(empty), few.to_pylist())
