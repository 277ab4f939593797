import pandas as pd
class My(pd.DataFrame):
    _metadata = ["note"]
    @property
    def _constructor(self):
        return My
m = My({"a": [1, 2]})
m.note = "kept"
df = pd.DataFrame({"a": [1]})
df.flags.allows_duplicate_labels = False
@pd.api.extensions.register_dataframe_accessor("acc")
class Acc:
    def __init__(self, df):
        self.df = df
df2 = df.rename(columns={"a": "b"})
df.columns.name = "cols"
s = df["a"]
g = df.groupby("a")
r = df.rolling(2)
st = pd.Series([1, 2], name=("t", 1))
# %%
print(type(m) is My, m.note, df.flags.allows_duplicate_labels, df2.columns, df.columns.name, s.name, g.size(), st.name)
# %%
m["b"] = 5
print(m, m.note)
